//! All that the derive writes, in one block of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Result};

use crate::constructors::constructors;
use crate::encoding::encoding;
use crate::item::{Body, Item};
use crate::look_up::look_up;

/// The code for `input`.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let item = Item::read(input)?;
    let key = item.key_module();
    let encoding = encoding(&item, &key);
    let look_up = look_up(&item, &key);
    let constructors = constructors(&item, &key);
    let order = match &item.body {
        Body::Enum { order, .. } => order.clone(),
        Body::Struct(_) => TokenStream::new(),
    };
    Ok(quote! {
        #[allow(deprecated)]
        const _: () = {
            #encoding
            #look_up
            #constructors
            #order
        };
    })
}
