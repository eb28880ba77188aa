//! Whether a web service's error can pass for "no record": the sample server answers errors, and nobody may have no record.
//! Leaves other connectors out: theirs report errors apart from rows.

use serde_json::Value as Json;
use tokio::time::Instant;

use super::folder::{PATIENCE, nobody};
use super::report::Finding;
use crate::adapter::{Adapter as _, MappedAdapter};
use crate::manifest::{HttpConnector, Manifest, ReplyFormat};
use crate::samples::SampleServer;

/// What a manifest without `success` is told, here and by lint.
pub(crate) const NO_SUCCESS: &str = "no `success`: an error that the service sends with an empty list would be read as no record; where the answer has a code, name it: \
success = { path = \"$.code\", equals = [\"200\"] }";

/// Asks about somebody while the service answers errors.
pub(super) async fn told_apart(manifest: &Manifest, http: &HttpConnector, server: &SampleServer) -> Finding {
    if http.format == ReplyFormat::Xml {
        return Ok(Some("the sample server answers in JSON only".to_owned()));
    }
    let mut errors = vec![("another form", Json::from("error"), true)];
    if !http.empty_is_null {
        errors.push(("null in place of the rows", Json::Null, true));
    }
    if http.success.is_some() {
        errors.push(("no success beside an empty list", Json::Array(Vec::new()), false));
    }
    for (what, instead, succeeded) in errors {
        let department = MappedAdapter::open(manifest).map_err(|failure| failure.message)?;
        let made = server.misbehave(manifest, instead, succeeded);
        made.map_err(|error| error.to_string())?;
        let question = nobody().ok_or("nobody can be invented")?;
        let answers = department.query(&question, Instant::now() + PATIENCE).await;
        if answers.is_ok_and(|answers| answers.iter().any(|a| a.state.is_answer())) {
            return Err(format!("{what}: somebody is answered"));
        }
    }
    Ok(http.success.is_none().then(|| NO_SUCCESS.to_owned()))
}
