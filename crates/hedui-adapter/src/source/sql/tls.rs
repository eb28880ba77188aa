//! Connections to PostgreSQL over TLS by rustls: the department's own authority, and our certificate where it wants one.
//! Leaves MySQL to its driver, which reads the same files itself.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hedui_core::Failure;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::postgres_line::{Bounded, Refused};
use crate::manifest::TlsFiles;
use crate::reason::Reason;

/// The TLS of a connector.
///
/// # Errors
/// Which of the files cannot be used.
pub(super) fn connector(files: &TlsFiles) -> Result<Connector, Failure> {
    let unusable = |file: &'static str| Reason::SourceMissing.failure_at(format_args!("tls.{file}"));
    let mut roots = RootCertStore::empty();
    let authorities = files.ca.as_ref().ok_or_else(|| unusable("ca"))?;
    for certificate in CertificateDer::pem_file_iter(authorities).map_err(|_| unusable("ca"))? {
        let added = certificate.map(|certificate| roots.add(certificate));
        if !matches!(added, Ok(Ok(()))) {
            return Err(unusable("ca"));
        }
    }
    if roots.is_empty() {
        return Err(unusable("ca"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable("ca"))?
        .with_root_certificates(roots);
    let config = match &files.client {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_file_iter(certificate).map_err(|_| unusable("certificate"))?;
            let chain = chain
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| unusable("certificate"))?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|_| unusable("key"))?;
            config.with_client_auth_cert(chain, key).map_err(|_| unusable("key"))?
        }
    };
    Ok(Connector(TlsConnector::from(Arc::new(config))))
}

/// Makes connections over TLS.
#[derive(Clone)]
pub(super) struct Connector(TlsConnector);

/// Makes one to a server of this name.
pub(super) struct Connecting {
    connector: TlsConnector,
    name: ServerName<'static>,
    max_bytes: usize,
    refused: Refused,
}

impl Connecting {
    /// With messages of at most so many bytes.
    pub(super) fn bounded(self, max_bytes: usize, refused: Refused) -> Connecting {
        Connecting {
            max_bytes,
            refused,
            ..self
        }
    }
}

/// A connection over TLS.
pub(super) struct Stream<S>(Bounded<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Connector {
    type Stream = Stream<S>;
    type TlsConnect = Connecting;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Connecting> {
        let name = ServerName::try_from(domain.to_owned()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(Connecting {
            connector: self.0.clone(),
            name,
            max_bytes: usize::MAX,
            refused: Refused::default(),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connecting {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.connect(self.name, stream).await?;
            Ok(Stream(Bounded::new(stream, self.max_bytes, self.refused)))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
