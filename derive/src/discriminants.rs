//! Explicit discriminants.
//!
//! `derive(Ord)` compares variants by discriminant, keys by tag, and tags follow the declaration.
//! So where an enum gives discriminants, they have to increase.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Token, Variant};

/// A check at compile time that the discriminants increase; nothing where none is given.
pub(crate) fn order(variants: &Punctuated<Variant, Token![,]>) -> TokenStream {
    if variants
        .iter()
        .all(|variant| variant.discriminant.is_none())
    {
        return TokenStream::new();
    }
    let mut value = quote!(-1i128);
    let mut checks = TokenStream::new();
    for variant in variants {
        let before = value;
        let first = checks.is_empty();
        value = match &variant.discriminant {
            Some((_, given)) => quote!(((#given) as i128)),
            None => quote!((#before + 1)),
        };
        let check = quote_spanned! {variant.ident.span()=>
            const _: () = ::core::assert!(
                #first || (#before) < (#value),
                "discriminants increase in the order of declaration, so that keys sort as \
                 `derive(Ord)` compares: reorder the variants"
            );
        };
        checks.extend(check);
    }
    checks
}
