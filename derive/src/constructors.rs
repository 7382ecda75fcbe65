//! Named constructors of prefixes: `OrderKey::by_tenant("eu")`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Member};

use crate::encoding::encode_tag;
use crate::item::{Body, Field, Item, Variant};
use crate::look_up::{encode_form, form_bound, forms, next};

/// The inherent impl with the constructors, where the item asks for them.
pub(crate) fn constructors(item: &Item<'_>, key: &TokenStream) -> TokenStream {
    if !item.attributes.prefixes {
        return TokenStream::new();
    }
    let methods: TokenStream = match &item.body {
        Body::Struct(fields) => (1..fields.len())
            .map(|length| constructor(item, key, None, fields, length))
            .collect(),
        Body::Enum { variants, .. } => variants
            .iter()
            .flat_map(|variant| {
                let lengths = 0..variant.fields.len().max(1);
                lengths.map(|length| constructor(item, key, Some(variant), &variant.fields, length))
            })
            .collect(),
    };
    let name = item.name;
    let (generics, arguments, bounds) = item.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #generics #name #arguments #bounds { #methods }
    }
}

/// The constructor over the first `length` of `fields`.
fn constructor(
    item: &Item<'_>,
    key: &TokenStream,
    variant: Option<&Variant<'_>>,
    fields: &[Field<'_>],
    length: usize,
) -> TokenStream {
    let (seen, rest) = fields.split_at(length);
    let next = next(rest.first(), key);
    let words: Vec<String> = seen.iter().map(|field| word(&field.member)).collect();
    let of_variant = variant.map(|variant| snake(&variant.name.unraw().to_string()));
    let name = of_variant
        .into_iter()
        .chain(words.clone())
        .collect::<Vec<_>>()
        .join("_");
    let name = format_ident!("by_{name}");
    let doc = match (variant, words.is_empty()) {
        (Some(variant), true) => format!("The prefix of all keys `{}`.", variant.name),
        (Some(variant), false) => format!(
            "The prefix of all keys `{}` with this {}.",
            variant.name,
            words.join(", ")
        ),
        (None, _) => format!("The prefix of all keys with this {}.", words.join(", ")),
    };
    let forms = forms(seen);
    let bounds = forms
        .iter()
        .zip(seen)
        .map(|(form, field)| form_bound(form, field, key));
    let arguments: Vec<Ident> = (0..length)
        .map(|at| format_ident!("__grain_{at}"))
        .collect();
    let tag = variant.map(|variant| encode_tag(variant, key));
    let encoded = seen
        .iter()
        .zip(forms.iter().zip(&arguments))
        .map(|(field, (form, argument))| encode_form(field, key, form, &quote!(&#argument)));
    let vis = item.vis;
    quote! {
        #[doc = #doc]
        #[must_use]
        #vis fn #name<#(#bounds),*>(#(#arguments: #forms),*) -> #key::Prefix<Self, #next> {
            #key::__private::prefix(|__grain_out| { #tag #(#encoded)* })
        }
    }
}

fn word(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// `LoggedIn` as `logged_in`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = !letter.is_uppercase();
        snake.extend(letter.to_lowercase());
    }
    snake
}
