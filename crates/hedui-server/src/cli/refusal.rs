//! What the server says when it does not do what was asked: status, stable reason, fields, what to do.
//! Leaves printing other errors to `error.rs`.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::exit::Exit;
use super::lang::Lang;

/// Reason of the client's own: nobody answers, or the connection broke.
const UNREACHABLE: &str = "SERVER_UNREACHABLE";
/// Reason of the client's own: another program answers.
const NO_SERVER: &str = "NO_HEDUI_SERVER";

/// A mistake that the server found at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field as the protocol names it.
    pub field: String,
    /// What is wrong and what to do.
    pub description: String,
    /// Line of the file that the request came from, where known.
    pub line: Option<usize>,
}

/// A call that failed, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status code.
    pub code: Code,
    /// Stable reason (`google.rpc.ErrorInfo`); empty where the server gives none.
    pub reason: String,
    /// The server's words, in English.
    pub message: String,
    /// The server's words in Chinese, where it gives them.
    pub message_zh: Option<String>,
    /// Fields with mistakes.
    pub violations: Vec<Violation>,
    /// When to try again, where the server says.
    pub retry_after: Option<Duration>,
    /// The verification that is in the way, or that was begun before the server went away, where there is one.
    pub verification: Option<String>,
    /// The server that was called.
    pub server: String,
}

impl Refusal {
    /// Decodes a status with its details.
    pub fn of(status: &Status, server: &str) -> Refusal {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| {
            let each = bad.field_violations.iter().map(|violation| Violation {
                field: violation.field.clone(),
                description: violation.description.clone(),
                line: None,
            });
            each.collect()
        });
        Refusal {
            code: status.code(),
            reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
            message: status.message().to_owned(),
            message_zh: details
                .localized_message()
                .filter(|localized| localized.locale.starts_with("zh"))
                .map(|localized| localized.message.clone()),
            violations: violations.unwrap_or_default(),
            verification: details
                .error_info()
                .and_then(|info| info.metadata.get("verification").cloned()),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            server: server.to_owned(),
        }
    }

    /// Nobody answers at the address.
    pub fn unreachable(server: &str, cause: &str) -> Refusal {
        Refusal {
            code: Code::Unavailable,
            reason: UNREACHABLE.to_owned(),
            message: cause.to_owned(),
            message_zh: None,
            violations: Vec::new(),
            retry_after: None,
            verification: None,
            server: server.to_owned(),
        }
    }

    /// Somebody answers at the address, in another language: what it says is no HTTP/2, or no gRPC.
    pub fn no_server(server: &str, cause: &str) -> Refusal {
        Refusal {
            reason: NO_SERVER.to_owned(),
            message: format!("what answers at {server} is no hedui server ({cause})"),
            message_zh: Some(format!("{server} 上应答的不是 hedui 服务端（{cause}）")),
            ..Refusal::unreachable(server, cause)
        }
    }

    /// Whether what is wrong is a signed authorization: such requests are refused, not malformed.
    pub fn is_about_authorization(&self) -> bool {
        let named = |text: &str| text.contains("AUTHORIZATION_") || text.contains("NOT_AUTHORIZED");
        named(&self.reason)
            || (!self.violations.is_empty() && self.violations.iter().all(|violation| named(&violation.description)))
    }

    /// Whether the server is gone or going, and has said nothing about what was asked.
    pub fn is_out_of_reach(&self) -> bool {
        let broken = matches!(self.code, Code::Unknown | Code::Internal | Code::Cancelled) && self.reason.is_empty();
        self.code == Code::Unavailable || broken
    }

    /// Whether the connection could not be made or broke, so that nobody knows whether what was asked has been done.
    pub fn is_broken(&self) -> bool {
        self.reason == UNREACHABLE
    }

    /// Whether asking again can help without changing anything.
    pub fn may_pass(&self) -> bool {
        self.exit() == Exit::Unavailable && self.reason != NO_SERVER
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        if self.is_out_of_reach() {
            return Exit::Unavailable;
        }
        Exit::of_status(self.code, self.is_about_authorization())
    }

    /// Adds the lines of the file that the fields came from.
    pub fn locate(&mut self, line_of: impl Fn(&str) -> Option<usize>) {
        for violation in &mut self.violations {
            violation.line = line_of(&violation.field);
        }
    }

    /// For people, several lines, ending with a line feed.
    pub fn text(&self, lang: Lang) -> String {
        let message = match (&self.message_zh, lang) {
            (Some(zh), Lang::Zh) => zh,
            _ => &self.message,
        };
        let message = if message.is_empty() {
            status_word(self.code)
        } else {
            message
        };
        let reason = if self.reason.is_empty() {
            status_word(self.code)
        } else {
            &self.reason
        };
        let mut text = format!("error: {message} ({reason})\n");
        for violation in &self.violations {
            let line = violation.line.map(|line| format!("line {line}, ")).unwrap_or_default();
            text.push_str(&format!("  {line}{}: {}\n", violation.field, violation.description));
        }
        if let Some(advice) = self.advice(lang) {
            text.push_str(&format!("{} {advice}\n", lang.pick("处理办法:", "what to do:")));
        }
        text
    }

    fn advice(&self, lang: Lang) -> Option<String> {
        let server = &self.server;
        if let Some(name) = &self.verification {
            return Some(self.where_it_is(name, lang));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs().max(1);
            return Some(lang.pick(format!("{seconds} 秒后重试"), format!("try again in {seconds} seconds")));
        }
        let text = match self.code {
            _ if self.reason == "RETENTION_RUNNING" => lang.pick(
                "依法须提前删除的，用 --erasure-basis 写明条款".to_owned(),
                "where the law orders an erasure, name the provision with --erasure-basis".to_owned(),
            ),
            Code::Unavailable if self.reason == NO_SERVER => lang.pick(
                "该端口由其他程序占用，或服务端在另一端口：请用 --server / HEDUI_SERVER 指定 hedui 的地址".to_owned(),
                "another program listens there: name the address of a hedui server with --server or HEDUI_SERVER"
                    .to_owned(),
            ),
            Code::Unavailable if self.is_broken() => lang.pick(
                format!("{server} 无应答：请先运行 `hedui serve`，或用 --server / HEDUI_SERVER 指定地址"),
                format!(
                    "nothing answers at {server}: start `hedui serve`, or name the server with --server or HEDUI_SERVER"
                ),
            ),
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => lang.pick(
                "稍后重试；使用同一 --request-id 不会重复核对".to_owned(),
                "try again later; with the same --request-id nothing is asked twice".to_owned(),
            ),
            Code::NotFound => return self.where_listed(lang).map(str::to_owned),
            Code::Unauthenticated => lang.pick(
                "请在环境变量 HEDUI_TOKEN 中设置调用方令牌".to_owned(),
                "set the caller's token in the environment variable HEDUI_TOKEN".to_owned(),
            ),
            Code::Unimplemented => lang.pick(
                format!("{server} 的版本不支持此操作：请使用同一版本的客户端和服务端"),
                format!("the server at {server} does not offer this: use client and server of the same version"),
            ),
            _ if self.is_about_authorization() => lang.pick(
                "请补齐有效的核对授权书（[[authorization]]）后重试".to_owned(),
                "add the missing or renewed letters ([[authorization]]) and try again".to_owned(),
            ),
            Code::InvalidArgument if self.violations.iter().any(|violation| violation.field == "actor") => lang.pick(
                "请用 --actor 或 HEDUI_ACTOR 写明经办人工号，更正以上各项后重试".to_owned(),
                "say who you are with --actor or HEDUI_ACTOR, by staff number; correct these fields and try again"
                    .to_owned(),
            ),
            Code::InvalidArgument if !self.violations.is_empty() => lang.pick(
                "请更正以上各项后重试".to_owned(),
                "correct these fields and try again".to_owned(),
            ),
            Code::Internal | Code::Unknown | Code::DataLoss => lang.pick(
                "请查看服务端日志".to_owned(),
                "look into the log of the server".to_owned(),
            ),
            _ => return None,
        };
        Some(text)
    }

    /// How to go on with a verification that was begun.
    fn where_it_is(&self, name: &str, lang: Lang) -> String {
        let server = &self.server;
        if self.is_out_of_reach() {
            return lang.pick(
                format!("{name} 已开始，服务端（{server}）停止前会办完，否则再次启动后继续；恢复后用 `hedui show {name}` 查看结果"),
                format!(
                    "{name} was begun: the server at {server} ends it before it stops, or goes on with it when it is started again; \
                     then `hedui show {name}` tells how it ended"
                ),
            );
        }
        lang.pick(
            format!("用 `hedui show {name}` 查看，或加 --conflict use-existing 跟随它"),
            format!("see it with `hedui show {name}`, or follow it with --conflict use-existing"),
        )
    }

    /// Which command lists what was not found; a department's own message says it.
    fn where_listed(&self, lang: Lang) -> Option<&'static str> {
        match self.reason.as_str() {
            "VERIFICATION_NOT_FOUND" => Some(lang.pick(
                "请核对编号；`hedui list --district 代码` 列出已有核对",
                "compare the id; `hedui list --district CODE` lists the verifications",
            )),
            "REEVALUATION_NOT_FOUND" => Some(lang.pick(
                "请核对编号；`hedui policy jobs --district 代码` 列出复核任务",
                "compare the id; `hedui policy jobs --district CODE` lists the re-evaluations",
            )),
            _ => None,
        }
    }

    /// The JSON form of Google's API errors.
    pub fn json(&self) -> Value {
        json!({
            "code": self.code as i32,
            "status": status_word(self.code),
            "reason": self.reason,
            "message": self.message,
            "message_zh": self.message_zh,
            "retry_after_seconds": self.retry_after.map(|wait| wait.as_secs()),
            "verification": self.verification,
            "server": self.server,
            "field_violations": self.violations.iter().map(|violation| json!({
                "field": violation.field,
                "line": violation.line,
                "description": violation.description,
            })).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, status_word(self.code))
    }
}

impl std::error::Error for Refusal {}

/// The code's name in the protocol, for example `INVALID_ARGUMENT`.
fn status_word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests;
