//! Look-ups by tuples of borrowed fields, and typed prefixes.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, Ident, Index};

use crate::encoding::{bounds, maybe_flipped};
use crate::item::{Body, Field, Item};

/// The impls of the item that tuples and `()` carry.
pub(crate) fn look_up(item: &Item<'_>, key: &TokenStream) -> TokenStream {
    let Body::Struct(fields) = &item.body else {
        return whole_prefix(item, key);
    };
    let mut impls = tuple(item, key, fields, &quote!(KeyRef), &quote!(encode), None);
    for length in 0..=fields.len() {
        let (seen, rest) = fields.split_at(length);
        let next = next(rest.first(), key);
        // Where the type is less visible than the key, the compiler points at the field.
        let span = rest
            .first()
            .map_or(Span::call_site(), |field| field.ty.span());
        let next = quote_spanned!(span=> type Next = #next;);
        let prefix = tuple(
            item,
            key,
            seen,
            &quote!(KeyPrefix),
            &quote!(encode_prefix),
            Some(&next),
        );
        impls.extend(prefix);
    }
    impls
}

/// What follows a prefix before `field`.
pub(crate) fn next(field: Option<&Field<'_>>, key: &TokenStream) -> TokenStream {
    let Some(field) = field else {
        return quote!(#key::NothingFollows);
    };
    let ty = field.ty;
    match (&field.with, field.desc) {
        (Some(_), _) => quote!(#key::OpaqueField),
        (None, true) => quote!(#key::Descending<#ty>),
        (None, false) => quote!(#ty),
    }
}

/// `impl Trait<Item> for (Q0, Q1, ..)`, which encodes the fields, each from what stands for it.
fn tuple(
    item: &Item<'_>,
    key: &TokenStream,
    fields: &[Field<'_>],
    which: &TokenStream,
    method: &TokenStream,
    next: Option<&TokenStream>,
) -> TokenStream {
    let name = item.name;
    let (_, arguments, own_bounds) = item.generics.split_for_impl();
    let forms = forms(fields);
    let generics = generics(item, fields, &forms, key);
    let encoded = fields
        .iter()
        .zip(&forms)
        .enumerate()
        .map(|(at, (field, form))| {
            let at = Index::from(at);
            encode_form(field, key, form, &quote!(&self.#at))
        });
    let unused = fields.is_empty().then(|| quote!(let _ = __grain_out;));
    let span = name.span();
    let placed_key = placed(key, span);
    let which = placed(which, span);
    let header = quote_spanned! {span=>
        impl #generics #placed_key::#which<#name #arguments> for (#(#forms,)*) #own_bounds
    };
    quote! {
        #[automatically_derived]
        #header {
            #next
            fn #method(&self, __grain_out: &mut #key::__private::Vec<u8>) {
                #unused
                #(#encoded)*
            }
        }
    }
}

/// The names of the types of the tuple's elements.
pub(crate) fn forms(fields: &[Field<'_>]) -> Vec<Ident> {
    (0..fields.len())
        .map(|at| format_ident!("__GrainQ{at}"))
        .collect()
}

/// `<'a, T: .., const N: .., Q0: KeyRef<F0>, ..>`, the item's own parameters first.
fn generics(
    item: &Item<'_>,
    fields: &[Field<'_>],
    forms: &[Ident],
    key: &TokenStream,
) -> TokenStream {
    let own = item
        .generics
        .params
        .iter()
        .map(|parameter| match parameter {
            GenericParam::Type(parameter) => {
                let (name, bounds) = (&parameter.ident, &parameter.bounds);
                quote!(#name: #bounds)
            }
            GenericParam::Const(parameter) => {
                let (name, ty) = (&parameter.ident, &parameter.ty);
                quote!(const #name: #ty)
            }
            GenericParam::Lifetime(parameter) => quote!(#parameter),
        });
    let forms = forms
        .iter()
        .zip(fields)
        .map(|(form, field)| form_bound(form, field, key));
    quote!(<#(#own,)* #(#forms),*>)
}

/// `Q: KeyRef<Field>`; where a module encodes the field, `Q: Borrow<Field>`.
pub(crate) fn form_bound(form: &Ident, field: &Field<'_>, key: &TokenStream) -> TokenStream {
    let ty = field.ty;
    // All of it at the field, so that the compiler points there where a form does not fit.
    let span = ty.span();
    match field.with {
        Some(_) => quote_spanned!(span=> #form: ::core::borrow::Borrow<#ty>),
        None => {
            let key = placed(key, span);
            quote_spanned!(span=> #form: #key::KeyRef<#ty>)
        }
    }
}

/// `path`, as if it were written at `span`.
fn placed(path: &TokenStream, span: Span) -> TokenStream {
    let tokens = path.clone().into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// The statement that appends `value`, which stands for what `field` holds.
pub(crate) fn encode_form(
    field: &Field<'_>,
    key: &TokenStream,
    form: &Ident,
    value: &TokenStream,
) -> TokenStream {
    let ty = field.ty;
    let call = match &field.with {
        Some(module) => quote! {
            #module::encode(#key::__private::borrow::<#ty, #form>(#value), __grain_out);
        },
        None => quote!(<#form as #key::KeyRef<#ty>>::encode(#value, __grain_out);),
    };
    maybe_flipped(field, key, call)
}

/// The prefix `()` of an enum, which has no components of its own.
fn whole_prefix(item: &Item<'_>, key: &TokenStream) -> TokenStream {
    let name = item.name;
    let (generics, arguments, _) = item.generics.split_for_impl();
    let bounds = bounds(item, key);
    quote! {
        #[automatically_derived]
        impl #generics #key::KeyPrefix<#name #arguments> for () #bounds {
            type Next = #name #arguments;
            fn encode_prefix(&self, __grain_out: &mut #key::__private::Vec<u8>) {
                let _ = __grain_out;
            }
        }
    }
}
