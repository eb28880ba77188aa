//! The generated messages and services of `proto/`, and their descriptor set.
//! Holds no logic: what the messages mean is said where they are converted from and to the domain.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

/// Common types of the wire.
pub mod google {
    /// `google.type`: money and dates.
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
}

/// The packages of hedui.
pub mod hedui {
    /// `hedui.department.v1`: what a department implements.
    pub mod department {
        pub mod v1 {
            tonic::include_proto!("hedui.department.v1");
        }
    }
    /// `hedui.verification.v1`: what a district centre calls.
    pub mod verification {
        pub mod v1 {
            tonic::include_proto!("hedui.verification.v1");
        }
    }
    /// `hedui.audit.v1`: what an auditor calls.
    pub mod audit {
        pub mod v1 {
            tonic::include_proto!("hedui.audit.v1");
        }
    }
    /// `hedui.operations.v1`: what an operator calls.
    pub mod operations {
        pub mod v1 {
            tonic::include_proto!("hedui.operations.v1");
        }
    }
    /// `hedui.reevaluation.v1`: what a district centre calls to look at all households again.
    pub mod reevaluation {
        pub mod v1 {
            tonic::include_proto!("hedui.reevaluation.v1");
        }
    }
    /// `hedui.task.v1`: what the people of an office without a system call.
    pub mod task {
        pub mod v1 {
            tonic::include_proto!("hedui.task.v1");
        }
    }
    /// `hedui.retention.v1`: what a records officer calls.
    pub mod retention {
        pub mod v1 {
            tonic::include_proto!("hedui.retention.v1");
        }
    }
}

pub use google::r#type as gtype;
pub use hedui::audit::v1 as audit;
pub use hedui::department::v1 as department;
pub use hedui::operations::v1 as operations;
pub use hedui::reevaluation::v1 as reevaluation;
pub use hedui::retention::v1 as retention;
pub use hedui::task::v1 as task;
pub use hedui::verification::v1 as verification;

/// The encoded `FileDescriptorSet` of all services, for reflection and for tests that walk the protocol.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hedui.binpb"));
