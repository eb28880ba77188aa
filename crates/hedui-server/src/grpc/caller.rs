//! Callers: who calls, by bearer token, and what they may do.
//! Leaves the household's own authorization to the broker: a caller's right never replaces it.

use hedui_core::DepartmentId;
use sha2::{Digest, Sha256};
use tonic::{Code, Status};

use crate::config::{Caller, Role};
use crate::grpc::status::refusal;

/// Those who may call. None configured: everyone is `local` and may do everything, which is allowed on loopback only.
#[derive(Debug, Default)]
pub struct Callers(Vec<Caller>);

/// A recognised caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Id, as it stands in the evidence.
    pub id: String,
    /// Districts that they may verify in; none for all.
    districts: Option<Vec<String>>,
    /// What they may do.
    roles: Vec<Role>,
    /// The departments that they answer for; none for all.
    departments: Option<Vec<String>>,
}

impl Callers {
    /// From the configuration.
    pub fn new(callers: Vec<Caller>) -> Callers {
        Callers(callers)
    }

    /// Whether callers are told apart at all.
    pub fn are_told_apart(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether one caller could confirm what another has answered for an office: two of them answer for it, in a common district.
    pub fn are_two_of(&self, department: &DepartmentId) -> bool {
        let of_office = |caller: &&Caller| {
            let named = caller.departments.iter().any(|d| d == department.as_str());
            named && caller.roles.contains(&Role::Office)
        };
        let office: Vec<&Caller> = self.0.iter().filter(of_office).collect();
        let meet = |a: &Caller, b: &Caller| match (&a.districts, &b.districts) {
            (Some(a), Some(b)) => a.iter().any(|district| b.contains(district)),
            _ => true,
        };
        let others = |at: usize| office.iter().skip(at.saturating_add(1));
        office.iter().enumerate().any(|(at, a)| others(at).any(|b| meet(a, b)))
    }

    /// Recognises the caller of a request and checks a role.
    ///
    /// Errors: `UNAUTHENTICATED` without a known token, `PERMISSION_DENIED` without the role.
    pub fn check(&self, metadata: &tonic::metadata::MetadataMap, role: Role) -> Result<Known, Status> {
        self.check_any(metadata, &[role])
    }

    /// The same where one of several roles is enough.
    pub fn check_any(&self, metadata: &tonic::metadata::MetadataMap, roles: &[Role]) -> Result<Known, Status> {
        if self.0.is_empty() {
            return Ok(Known {
                id: "local".to_owned(),
                districts: None,
                roles: Role::ALL.iter().map(|(_, role)| *role).collect(),
                departments: None,
            });
        }
        let token = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else {
            let (zh, en) = (
                "缺少访问令牌",
                "send the caller's token as `authorization: Bearer TOKEN`",
            );
            return Err(refusal(Code::Unauthenticated, "TOKEN_MISSING", en, zh));
        };
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        // The digest is of a secret, so comparing it byte by byte tells nothing about the token.
        let Some(caller) = self.0.iter().find(|c| c.token_sha256 == digest) else {
            let (zh, en) = ("访问令牌无效", "this token is not known here");
            return Err(refusal(Code::Unauthenticated, "TOKEN_UNKNOWN", en, zh));
        };
        if !roles.iter().any(|role| caller.roles.contains(role)) {
            let (zh, en) = ("无此权限", "this caller has not the role that the call needs");
            return Err(refusal(Code::PermissionDenied, "ROLE_MISSING", en, zh));
        }
        Ok(Known {
            id: caller.id.clone(),
            districts: caller.districts.clone(),
            roles: caller.roles.clone(),
            departments: Some(caller.departments.clone()),
        })
    }
}

impl Known {
    /// Whether the caller has a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the caller may act in some districts only.
    pub fn is_limited(&self) -> bool {
        self.districts.is_some()
    }

    /// Checks that the caller may act in a district.
    ///
    /// Errors: `PERMISSION_DENIED`.
    pub fn in_district(&self, district: &str) -> Result<(), Status> {
        if self
            .districts
            .as_ref()
            .is_none_or(|list| list.iter().any(|d| d == district))
        {
            return Ok(());
        }
        let (zh, en) = ("无权办理该地区业务", "this caller may not act in this district");
        Err(refusal(Code::PermissionDenied, "DISTRICT_NOT_ALLOWED", en, zh))
    }

    /// Checks that the caller answers for a department.
    ///
    /// Errors: `PERMISSION_DENIED`.
    pub fn of_department(&self, department: &DepartmentId) -> Result<(), Status> {
        let named = |list: &Vec<String>| list.iter().any(|d| d == department.as_str());
        if self.departments.as_ref().is_none_or(named) {
            return Ok(());
        }
        let (zh, en) = ("不属于该部门", "this caller does not answer for this department");
        Err(refusal(Code::PermissionDenied, "DEPARTMENT_NOT_ALLOWED", en, zh))
    }
}
