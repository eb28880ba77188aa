//! Writing a protobuf message: canonical, that is fields in the order of their numbers and defaults left out.
//! Leaves the meaning of fields to the messages.

/// A message being written.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Writer {
        Writer {
            out: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push((value & 0x7F) as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    /// A number, unless it is 0.
    pub(crate) fn varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.raw_varint(u64::from(number) << 3);
            self.raw_varint(value);
        }
    }

    pub(crate) fn signed(&mut self, number: u32, value: i64) {
        self.varint(number, value.cast_unsigned());
    }

    /// Bytes, unless there are none.
    pub(crate) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.embedded(number, bytes);
        }
    }

    pub(crate) fn text(&mut self, number: u32, text: &str) {
        self.bytes(number, text.as_bytes());
    }

    /// A message that is already encoded, or an element of a list, also where it is empty.
    pub(crate) fn embedded(&mut self, number: u32, bytes: &[u8]) {
        self.raw_varint(u64::from(number) << 3 | 2);
        self.raw_varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// A message that is written in place: one byte is kept for its length, and more are made room for where it grows beyond 127.
    pub(crate) fn message(&mut self, number: u32, write: impl FnOnce(&mut Writer)) {
        self.raw_varint(u64::from(number) << 3 | 2);
        let start = self.out.len();
        self.out.push(0);
        write(self);
        let length = self.out.len() - start - 1;
        if let (0..=0x7F, Some(place)) = (length, self.out.get_mut(start)) {
            *place = length as u8;
            return;
        }
        let mut prefix = Writer::default();
        prefix.raw_varint(length as u64);
        self.out.splice(start..=start, prefix.out);
    }

    /// Packed numbers, unless there are none.
    pub(crate) fn packed(&mut self, number: u32, values: impl ExactSizeIterator<Item = u64>) {
        if values.len() != 0 {
            self.message(number, |w| values.for_each(|value| w.raw_varint(value)));
        }
    }
}
