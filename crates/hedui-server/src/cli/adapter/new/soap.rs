//! Looking at a web service that answers XML, through one question about a person of its test data.
//! Leaves where the rows stand, and what they hold, to `hedui_adapter`.

use hedui_adapter::begin::BeginConnector;
use hedui_adapter::manifest::HttpConnector;
use hedui_adapter::source::inspect;

use super::NewArgs;
use super::ask::Asking;
use super::look::{Looked, PATIENCE, body, failed, known, limits, nothing_asked, reached};
use crate::cli::{CliError, Context};

/// How the service is asked, and what it answers.
pub(super) async fn look(
    arguments: &mut NewArgs,
    asking: &Asking,
    context: &Context,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Looked, CliError> {
    let url = match arguments.url.take() {
        Some(url) => url,
        None => asking.text("--url", "the address of the service", &[])?,
    };
    let body = match body(arguments)? {
        Some(body) => body,
        None => asking.text(
            "--body",
            "the envelope that asks, with {{ id_number }} where the number belongs, or @FILE",
            &[],
        )?,
    };
    let mut headers = vec![("Content-Type".to_owned(), "text/xml; charset=utf-8".to_owned())];
    headers.extend(
        arguments
            .action
            .take()
            .map(|action| ("SOAPAction".to_owned(), format!("\"{action}\""))),
    );
    // What is said by hand takes the place of what is usual.
    let said = std::mem::take(&mut arguments.headers);
    headers.retain(|(usual, _)| !said.iter().any(|(name, _)| name.eq_ignore_ascii_case(usual)));
    headers.extend(said);
    let rows = arguments.rows.take();
    let mut template = HttpConnector {
        url,
        post: true,
        body: Some(body),
        headers,
        rows: rows.clone().unwrap_or_default(),
        ..nothing_asked()
    };
    let mut connector = reached(&template, real)?;
    let subject = known(arguments, asking, context)?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let tables = inspect::soap::look(&mut connector, limits(), &subject, deadline).await;
    let tables = tables.map_err(failed("--url"))?;
    let mut notes = Vec::new();
    if rows.is_none() {
        notes.push(format!(
            "rows = {}: there stands the number of the person asked about; ask about somebody with several rows too",
            connector.rows
        ));
    }
    (template.rows, template.format) = (connector.rows, connector.format);
    Ok((BeginConnector::Http(template), tables, notes))
}
