//! What a store was made as, for programs that do not have its types.

use super::catalog::StoreDefinition;
use crate::error::{Error, ErrorKind, Result};
use crate::key::shape::Shape;

/// What the database remembers of a store: enough to show its keys, and its values where their
/// codec describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreInfo {
    /// Its name.
    pub name: String,
    /// `grains` for a [`GrainStore`](crate::GrainStore), `u32` for a
    /// [`U32Store`](crate::U32Store), `bytes` for a [`BytesStore`](crate::BytesStore).
    pub kind: String,
    /// The structure of its keys, such as `k1:{str,u64}`.
    pub key_schema: String,
    /// The identity of its codec, such as `json/1`.
    pub codec: String,
    /// The name that was given to the type of its values; may be empty.
    pub value_schema: String,
    /// The version of that type.
    pub value_schema_version: u32,
    /// The names of its secondary indexes. Only a program that declares them can write to it.
    pub indexes: Vec<String>,
}

impl StoreInfo {
    /// A store of `grains` to be made: keys of this shape, values of the codec with this identity.
    ///
    /// ```
    /// use grainstore::StoreInfo;
    /// use grainstore::key::{Key, Shape};
    ///
    /// let info = StoreInfo::new("sessions", &<(String, u64)>::key_shape(), "json/1");
    /// assert_eq!(info.key_schema, "k1:{str,u64}");
    /// ```
    #[must_use]
    pub fn new(name: &str, key_shape: &Shape, codec: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "grains".to_owned(),
            key_schema: key_shape.schema(),
            codec: codec.to_owned(),
            value_schema: String::new(),
            value_schema_version: 0,
            indexes: Vec::new(),
        }
    }

    /// The structure of its keys.
    ///
    /// # Errors
    /// `UnsupportedFormat` where this release does not know it.
    pub fn key_shape(&self) -> Result<Shape> {
        Shape::from_schema(&self.key_schema).map_err(|error| {
            let text = format!("the key schema of the store {:?}", self.name);
            Error::caused(ErrorKind::UnsupportedFormat, text, error)
        })
    }

    pub(crate) fn definition(&self) -> StoreDefinition {
        StoreDefinition {
            kind: self.kind.clone(),
            key_schema: self.key_schema.clone(),
            codec: self.codec.clone(),
            value_schema: self.value_schema.clone(),
            value_schema_version: self.value_schema_version,
        }
    }

    pub(crate) fn from_definition(
        name: &str,
        definition: StoreDefinition,
        indexes: Vec<String>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            kind: definition.kind,
            key_schema: definition.key_schema,
            codec: definition.codec,
            value_schema: definition.value_schema,
            value_schema_version: definition.value_schema_version,
            indexes,
        }
    }
}
