//! The client of web services: TLS by the files of the manifest, no redirects, no proxies. One for sources and for plugins that speak HTTP.
//! Leaves what is asked to them.

use hedui_core::Failure;
use reqwest::header::HeaderValue;

use crate::manifest::{Secret, TlsFiles};
use crate::reason::Reason;

/// A client; without files the system's authorities count.
///
/// # Errors
/// `SOURCE_MISSING`: files that are not there or hold something else.
pub(crate) fn client(tls: Option<&TlsFiles>) -> Result<reqwest::Client, Failure> {
    // One provider for the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let builder = match tls {
        None => builder,
        Some(files) => with_tls(builder, files)?,
    };
    builder
        .build()
        .map_err(|_| Reason::SourceMissing.failure_at("no client for web services can be made"))
}

/// A token as it is shown with every question.
///
/// # Errors
/// `SOURCE_MISSING`: a token that cannot stand in a header.
pub(crate) fn bearer(token: &Secret) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| Reason::SourceMissing.failure_at("bearer"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client that checks the service by the authority given, and shows our certificate where the service wants one.
fn with_tls(mut builder: reqwest::ClientBuilder, files: &TlsFiles) -> Result<reqwest::ClientBuilder, Failure> {
    let unusable = |file: &'static str| Reason::SourceMissing.failure_at(format_args!("tls.{file}"));
    if let Some(ca) = &files.ca {
        let pem = std::fs::read(ca).map_err(|_| unusable("ca"))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| unusable("ca"))?;
        if authorities.is_empty() {
            return Err(unusable("ca"));
        }
        builder = builder.tls_certs_only(authorities);
    }
    if let Some((certificate, key)) = &files.client {
        let mut pem = std::fs::read(certificate).map_err(|_| unusable("certificate"))?;
        pem.push(b'\n');
        pem.extend(std::fs::read(key).map_err(|_| unusable("key"))?);
        let identity = reqwest::Identity::from_pem(&pem).map_err(|_| unusable("certificate"))?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}
