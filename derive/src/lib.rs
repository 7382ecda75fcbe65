//! `#[derive(Key)]` for grainstore. Use it from there: `use grainstore::Key;`.
//!
//! # What it makes
//!
//! For a struct: its encoding (the fields in their order), look-ups by a tuple of borrowed fields,
//! and a typed prefix for every first part of the fields. For an enum: its encoding, a tag and
//! then the fields of the variant.
//!
//! # Attributes
//!
//! On a field:
//! - `#[key(desc)]`: keys run from high to low in this field. Values are given as ever, also as
//!   bounds of a range. (`derive(Ord)` knows nothing of it: use `Reverse<T>` where the order of the
//!   type itself shall agree.)
//! - `#[key(with = "module")]`: the module's `encode(&T, &mut Vec<u8>)`,
//!   `decode(&mut KeyReader<'_>) -> Result<T, KeyError>` and `shape() -> Shape` instead of those of
//!   the type. Its bytes must keep the laws that `grainstore::key::KeyPart` states.
//!
//! On a variant:
//! - `#[key(tag = 7)]`: its tag, 0 to 4335, on all variants or on none; they increase in the order
//!   of declaration. Without it tags count from 0, so that variants can only be added at the end.
//!
//! On the type:
//! - `#[key(reserved(3, 5))]`, for an enum: tags of variants that are gone and must not come back.
//! - `#[key(prefixes)]`: named constructors of prefixes that can be kept, such as
//!   `OrderKey::by_tenant("eu")` and `OrderKey::by_tenant_day("eu", 20261101)`.
//! - `#[key(bound = "T: Id")]`: these bounds instead of those the fields suggest.
//! - `#[key(crate = "path")]`: where grainstore is, if not at `::grainstore`.
//!
//! The type of a private field becomes part of the prefixes, so where the key is `pub`, the types
//! of its fields are to be `pub`, too.

mod attributes;
mod constructors;
mod discriminants;
mod encoding;
mod expand;
mod item;
mod look_up;
mod suggestion;
mod tags;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct or an enum a key; see the [crate's documentation](crate) for its attributes.
#[proc_macro_derive(Key, attributes(key))]
pub fn derive_key(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
