//! `Uuid` of the crate of that name, behind the feature `uuid`.
//!
//! Its 16 bytes as they are written, which is the order of `Uuid` itself. The order of time that
//! is only for version 7 (and 6); version 4 has none.
//!
//! ```
//! use grainstore::key::Key;
//! use uuid::Uuid;
//!
//! let id = Uuid::from_u128(0x0188_7fe1_3c2a_7000_8000_0000_0000_0001);
//! assert_eq!(id.encode_key(), id.as_bytes());
//! assert_eq!(Uuid::key_shape().print(id.as_bytes()), id.to_string());
//! ```

use uuid::Uuid;

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

impl KeyRef<Uuid> for Uuid {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl KeyPart for Uuid {
    #[inline]
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        reader.array().map(Self::from_bytes)
    }

    fn shape() -> Shape {
        Shape::leaf("uuid")
    }
}

whole_prefix! { Uuid }
