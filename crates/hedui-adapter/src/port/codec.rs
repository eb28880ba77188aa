//! A gRPC codec that leaves messages as bytes: a received message is a slice of the transport's buffer, a sent one is copied once.
//! Leaves reading and writing them to `wire`.

use bytes::{Buf as _, Bytes};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::wire::{StreamQuery, write_query};

/// A message to be sent.
pub(crate) enum Outgoing {
    /// One that is encoded already.
    Encoded(Bytes),
    /// Questions, to be framed as one `QueryStreamRequest`.
    Queries(Vec<StreamQuery>),
}

/// The codec.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Outgoing;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Outgoing;
    type Error = Status;

    fn encode(&mut self, item: Outgoing, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        use bytes::BufMut as _;
        match item {
            Outgoing::Encoded(bytes) => out.put_slice(&bytes),
            Outgoing::Queries(queries) => queries.iter().for_each(|query| write_query(query, out)),
        }
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
