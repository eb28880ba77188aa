//! Errors on the wire: `google.rpc.Status` with a stable reason, the fields, when to try again, and a Chinese message.
//! Leaves what went wrong to the broker; the table of reasons stands in `proto/README.md`.

use std::time::Duration;

use hedui_broker::{BrokerError, ErrorKind};
use hedui_core::FieldError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Domain of every reason.
pub const DOMAIN: &str = "hedui";

/// Reasons that the server adds to those of the broker, for the test of the documented table.
pub const REASONS: &[&str] = &[
    "TOKEN_MISSING",
    "TOKEN_UNKNOWN",
    "ROLE_MISSING",
    "DISTRICT_NOT_ALLOWED",
    "DEPARTMENT_NOT_ALLOWED",
    "NAME_INVALID",
    "PAGE_TOKEN_INVALID",
    "PAGE_SIZE_INVALID",
    "SEQUENCE_INVALID",
    "LOG_INVALID",
    "DISTRICT_INVALID",
    "AUDIT_BUSY",
    "UNKNOWN_DEPARTMENT",
    "CATALOGUE_INVALID",
    "PAUSE_NOT_KEPT",
    "NO_DRIFT",
];

/// The code of a kind of error.
pub fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::DataLoss => Code::DataLoss,
        ErrorKind::Internal => Code::Internal,
    }
}

/// The Chinese message of a reason.
pub fn chinese(reason: &str) -> &'static str {
    match reason {
        "INVALID_REQUEST" => "请求有误，请按字段提示修改",
        "NOT_AUTHORIZED" => "家庭成员的核对授权不足，不能核对",
        "REQUEST_ID_REUSED" => "该请求编号已用于另一请求",
        "VERIFICATION_RUNNING" => "该家庭正在核对中",
        "VERIFICATION_NOT_FOUND" => "没有此核对",
        "WRONG_STATE" => "核对当前状态不允许此操作",
        "TOO_MANY_VERIFICATIONS" => "正在进行的核对过多，请稍后再试",
        "SHUTTING_DOWN" => "系统正在停止，请稍后再试",
        "EVIDENCE_UNAVAILABLE" => "证据暂时无法保存或读取，未出具任何结论",
        "NOT_YET_IN_LOG" => "该证据尚未进入日志，请数秒后再试",
        "LOG_REQUEST_INVALID" => "日志请求有误，请按提示修改",
        "EVIDENCE_LOG_UNAVAILABLE" => "证据日志无法继续，未出具任何结论，请联系管理员",
        "CASE_FROZEN" => "该案卷已封存，仅限争议处理与审计查阅",
        "CASE_SHREDDED" => "该案卷已销毁，任何人不能再查阅",
        "LEGAL_HOLD" => "该案卷被依法保全，不能销毁",
        "RETENTION_RUNNING" => "保存期限未满，非依法删除不能销毁",
        "SECOND_PERSON_NEEDED" => "须由另一单位账号的另一人员批准",
        "NO_SHRED_REQUEST" => "没有待批准的销毁申请",
        "SHRED_REQUESTED" => "已有待批准的销毁申请",
        "NO_HOLD" => "该案卷没有此项保全",
        "EXPIRY_NOT_APPROVED" => "该批量销毁尚未批准或已过期",
        "EXPIRY_RUNNING" => "已有批量销毁正在进行",
        "TASK_NOT_FOUND" => "没有此待办",
        "TASK_CLOSED" => "该待办已关闭，无需答复",
        "TASK_ANSWERED" => "该待办已经答复，不能更改",
        "NOTHING_TO_CONFIRM" => "没有待复核的答复，请重新查看",
        "REEVALUATION_RUNNING" => "该地区已有复核任务正在进行或尚未结束",
        "REEVALUATION_ENDED" => "该复核任务已经结束",
        "REEVALUATION_NOT_FOUND" => "没有此复核任务",
        "EVIDENCE_DAMAGED" => "所存证据已损坏，请联系管理员",
        _ => "系统内部错误，请联系管理员",
    }
}

/// A broker's error on the wire.
pub fn status(error: &BrokerError) -> Status {
    let mut details = ErrorDetails::new();
    let mut metadata = std::collections::HashMap::new();
    if let BrokerError::Running(case) = error {
        metadata.insert("verification".to_owned(), format!("verifications/{case}"));
    }
    if let BrokerError::ReevaluationRunning(id) = error {
        metadata.insert("reevaluation".to_owned(), id.clone());
    }
    details.set_error_info(error.reason(), DOMAIN, metadata);
    details.set_localized_message("zh-CN", chinese(error.reason()));
    let kind = error.kind();
    if !error.fields().is_empty() {
        details.set_bad_request(error.fields().iter().map(violation).collect::<Vec<_>>());
    }
    if matches!(kind, ErrorKind::Unavailable | ErrorKind::ResourceExhausted) {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    Status::with_error_details(code(kind), error.to_string(), details)
}

fn violation(field: &FieldError) -> FieldViolation {
    FieldViolation::new(field.field.clone(), format!("{} ({})", field.message, field.reason))
}

/// A refusal of the server itself.
pub fn refusal(code: Code, reason: &str, en: &str, zh: &str) -> Status {
    refusal_of(code, reason, en, zh, &[])
}

/// A district that is none.
pub fn district_invalid() -> Status {
    let (zh, en) = (
        "地区代码应为六位数字",
        "district_code is six digits by GB/T 2260, for example 511703",
    );
    refusal(Code::InvalidArgument, "DISTRICT_INVALID", en, zh)
}

/// The same with what is wrong with each field.
pub fn refusal_of(code: Code, reason: &str, en: &str, zh: &str, fields: &[FieldError]) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, std::collections::HashMap::new());
    details.set_localized_message("zh-CN", zh);
    if !fields.is_empty() {
        details.set_bad_request(fields.iter().map(violation).collect::<Vec<_>>());
    }
    Status::with_error_details(code, en, details)
}
