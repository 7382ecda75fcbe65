//! The encoding of the item: `KeyRef` of itself, and `KeyPart`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Member};

use crate::item::{Body, Field, Item, Variant};

/// Statements that append `value`, a reference to what `field` holds.
///
/// `encode` is the call without them; descending flips what it wrote.
pub(crate) fn maybe_flipped(
    field: &Field<'_>,
    key: &TokenStream,
    call: TokenStream,
) -> TokenStream {
    if !field.desc {
        return call;
    }
    quote! {{
        let __grain_start = <[u8]>::len(__grain_out);
        #call
        #key::__private::flip(__grain_out, __grain_start);
    }}
}

fn encode(field: &Field<'_>, key: &TokenStream, value: &TokenStream) -> TokenStream {
    let ty = field.ty;
    let call = match &field.with {
        Some(module) => quote!(#module::encode(#value, __grain_out);),
        None => quote!(<#ty as #key::KeyPart>::encode_part(#value, __grain_out);),
    };
    maybe_flipped(field, key, call)
}

fn decode(field: &Field<'_>, key: &TokenStream) -> TokenStream {
    let (ty, member) = (field.ty, &field.member);
    let function = match &field.with {
        Some(module) => quote!(#module::decode),
        None => quote!(<#ty as #key::KeyPart>::decode),
    };
    if field.desc {
        quote!(#member: #key::KeyReader::descending(__grain_reader, #function)?)
    } else {
        quote!(#member: #function(__grain_reader)?)
    }
}

fn shape(field: &Field<'_>, key: &TokenStream) -> TokenStream {
    let ty = field.ty;
    let shape = match &field.with {
        Some(module) => quote!(#module::shape()),
        None => quote!(<#ty as #key::KeyPart>::shape()),
    };
    if field.desc {
        quote!(#key::Shape::descending(#shape))
    } else {
        shape
    }
}

fn fields_shape(fields: &[Field<'_>], key: &TokenStream) -> TokenStream {
    let shapes = fields.iter().map(|field| shape(field, key));
    quote!(#key::Shape::fields([#(#shapes),*]))
}

/// The statement that appends a variant's tag.
pub(crate) fn encode_tag(variant: &Variant<'_>, key: &TokenStream) -> TokenStream {
    const WIDE: u16 = 0xF0;
    let tag = variant.tag.number;
    let bytes = match tag.checked_sub(WIDE) {
        None => vec![tag as u8],
        Some(rest) => vec![0xF0 + (rest >> 8) as u8, (rest & 0xFF) as u8],
    };
    quote!(#key::__private::Vec::extend_from_slice(__grain_out, &[#(#bytes),*]);)
}

/// Names for the fields of a variant in a pattern.
fn bindings(fields: &[Field<'_>]) -> (TokenStream, Vec<Ident>) {
    let names: Vec<Ident> = (0..fields.len())
        .map(|at| format_ident!("__grain_{at}"))
        .collect();
    let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
    (quote!({ #(#members: #names),* }), names)
}

fn encode_arm(variant: &Variant<'_>, key: &TokenStream) -> TokenStream {
    let name = variant.name;
    let tag = encode_tag(variant, key);
    let (pattern, names) = bindings(&variant.fields);
    let fields = variant.fields.iter().zip(&names);
    let encoded = fields.map(|(field, name)| encode(field, key, &quote!(#name)));
    quote!(Self::#name #pattern => { #tag #(#encoded)* })
}

/// `impl KeyRef<Self> for Self` and `impl KeyPart for Self`.
pub(crate) fn encoding(item: &Item<'_>, key: &TokenStream) -> TokenStream {
    let name = item.name;
    let (generics, arguments, _) = item.generics.split_for_impl();
    let bounds = bounds(item, key);
    let (encoded, decoded, shape) = match &item.body {
        Body::Struct(fields) => struct_parts(fields, key),
        Body::Enum { variants, .. } => enum_parts(item, variants, key),
    };
    let depths = item
        .fields()
        .into_iter()
        .filter(|field| field.with.is_none());
    let depths = depths.map(|field| {
        let ty = field.ty;
        quote!(<#ty as #key::KeyPart>::DEPTH)
    });
    // A type that contains itself has no depth. Generic ones find out where they are used.
    let check_depth = item
        .generics
        .params
        .is_empty()
        .then(|| quote!(const _: u32 = <#name as #key::KeyPart>::DEPTH;));
    quote! {
        #[automatically_derived]
        impl #generics #key::KeyRef<#name #arguments> for #name #arguments #bounds {
            fn encode(&self, __grain_out: &mut #key::__private::Vec<u8>) {
                #encoded
            }
        }
        #[automatically_derived]
        impl #generics #key::KeyPart for #name #arguments #bounds {
            fn decode(
                __grain_reader: &mut #key::KeyReader<'_>,
            ) -> ::core::result::Result<Self, #key::KeyError> {
                #decoded
            }
            fn shape() -> #key::Shape {
                #shape
            }
            const DEPTH: u32 = #key::__private::depth_over(&[#(#depths),*]);
        }
        #check_depth
    }
}

fn struct_parts(
    fields: &[Field<'_>],
    key: &TokenStream,
) -> (TokenStream, TokenStream, TokenStream) {
    let encoded = fields.iter().map(|field| {
        let member = &field.member;
        encode(field, key, &quote!(&self.#member))
    });
    let decoded = fields.iter().map(|field| decode(field, key));
    (
        quote!(#(#encoded)*),
        quote!(::core::result::Result::Ok(Self { #(#decoded),* })),
        fields_shape(fields, key),
    )
}

fn enum_parts(
    item: &Item<'_>,
    variants: &[Variant<'_>],
    key: &TokenStream,
) -> (TokenStream, TokenStream, TokenStream) {
    let encoded = variants.iter().map(|variant| encode_arm(variant, key));
    let decoded = variants.iter().map(|variant| {
        let (name, tag) = (variant.name, variant.tag.number);
        let fields = variant.fields.iter().map(|field| decode(field, key));
        quote!(#tag => ::core::result::Result::Ok(Self::#name { #(#fields),* }))
    });
    let shapes = variants.iter().map(|variant| {
        let (tag, shape) = (variant.tag.number, fields_shape(&variant.fields, key));
        quote!((#tag, ::core::option::Option::Some(#shape)))
    });
    let reserved = item.attributes.reserved.iter().map(|tag| {
        let tag = tag.number;
        quote!((#tag, ::core::option::Option::None))
    });
    (
        quote!(match self { #(#encoded)* }),
        quote! {
            let __grain_offset = #key::KeyReader::offset(__grain_reader);
            match #key::KeyReader::tag(__grain_reader)? {
                #(#decoded,)*
                _ => ::core::result::Result::Err(#key::__private::unknown_tag(__grain_offset)),
            }
        },
        quote!(#key::Shape::variants([#(#shapes,)* #(#reserved),*])),
    )
}

/// The `where` clause: the item's own, and that what is generic is a component of a key.
pub(crate) fn bounds(item: &Item<'_>, key: &TokenStream) -> TokenStream {
    let own = item
        .generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    let more: Vec<TokenStream> = match &item.attributes.bound {
        Some(bound) => bound.iter().map(|predicate| quote!(#predicate)).collect(),
        None => item
            .fields()
            .into_iter()
            .filter(|field| field.with.is_none() && item.is_generic(field.ty))
            .map(|field| {
                let ty = field.ty;
                quote!(#ty: #key::KeyPart)
            })
            .collect(),
    };
    quote!(where #(#own,)* #(#more,)*)
}
