//! The item under the derive, read and checked.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Generics, Ident, Index};
use syn::{Member, Path, Result, Type, Visibility};

use crate::attributes::{Attributes, Place, Tag, combine};
use crate::discriminants;
use crate::tags;

/// A struct or an enum that becomes a key.
pub(crate) struct Item<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) generics: &'a Generics,
    pub(crate) attributes: Attributes,
    pub(crate) body: Body<'a>,
}

pub(crate) enum Body<'a> {
    Struct(Vec<Field<'a>>),
    Enum {
        variants: Vec<Variant<'a>>,
        /// Checks that the variants are declared in the order in which they compare.
        order: TokenStream,
    },
}

pub(crate) struct Variant<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) tag: Tag,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
    pub(crate) desc: bool,
    pub(crate) with: Option<Path>,
}

impl<'a> Item<'a> {
    pub(crate) fn read(input: &'a DeriveInput) -> Result<Self> {
        let mut mistakes = None;
        keep(check_lifetimes(&input.generics), &mut mistakes);
        let place = match &input.data {
            Data::Enum(_) => Place::Enum,
            _ => Place::Struct,
        };
        let attributes = keep(Attributes::read(&input.attrs, place), &mut mistakes);
        let body = keep(
            Body::read(input, attributes.as_ref()).map(Some),
            &mut mistakes,
        )
        .flatten();
        match (mistakes, attributes, body) {
            (None, Some(attributes), Some(body)) => Ok(Self {
                name: &input.ident,
                vis: &input.vis,
                generics: &input.generics,
                attributes,
                body,
            }),
            (Some(mistakes), ..) => Err(mistakes),
            (None, ..) => Err(Error::new(input.ident.span(), "not a struct or an enum")),
        }
    }

    /// The module of grainstore that everything made here comes from.
    pub(crate) fn key_module(&self) -> TokenStream {
        match &self.attributes.crate_path {
            Some(path) => quote!(#path::key),
            None => quote!(::grainstore::key),
        }
    }

    /// All fields, those of every variant for an enum.
    pub(crate) fn fields(&self) -> Vec<&Field<'a>> {
        match &self.body {
            Body::Struct(fields) => fields.iter().collect(),
            Body::Enum { variants, .. } => variants.iter().flat_map(|v| &v.fields).collect(),
        }
    }

    /// True where the tokens of `ty` name a type parameter.
    pub(crate) fn is_generic(&self, ty: &Type) -> bool {
        let parameters: Vec<&Ident> = self.generics.type_params().map(|p| &p.ident).collect();
        !parameters.is_empty() && names_any(ty.to_token_stream(), &parameters)
    }
}

impl<'a> Body<'a> {
    fn read(input: &'a DeriveInput, attributes: Option<&Attributes>) -> Result<Self> {
        match &input.data {
            Data::Struct(data) => read_fields(&data.fields, &input.ident).map(Body::Struct),
            Data::Enum(data) if data.variants.is_empty() => Err(Error::new(
                input.ident.span(),
                "an enum without variants has no values, so it cannot be a key",
            )),
            Data::Enum(data) => {
                let reserved = attributes.map_or(&[][..], |attributes| &attributes.reserved);
                let tags = tags::assign(&data.variants, reserved)?;
                let mut mistakes = None;
                let mut variants = Vec::new();
                for (variant, tag) in data.variants.iter().zip(tags) {
                    if let Some(fields) =
                        keep(read_fields(&variant.fields, &input.ident), &mut mistakes)
                    {
                        let name = &variant.ident;
                        variants.push(Variant { name, tag, fields });
                    }
                }
                let order = discriminants::order(&data.variants);
                mistakes.map_or(Ok(Body::Enum { variants, order }), Err)
            }
            Data::Union(data) => Err(Error::new(
                data.union_token.span(),
                "a union cannot be a key: nothing says which of its fields is there; use an enum",
            )),
        }
    }
}

fn keep<T>(outcome: Result<T>, mistakes: &mut Option<Error>) -> Option<T> {
    outcome.map_err(|mistake| combine(mistakes, mistake)).ok()
}

fn read_fields<'a>(fields: &'a Fields, item: &Ident) -> Result<Vec<Field<'a>>> {
    let mut mistakes = None;
    let mut read = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index::from(at)),
        };
        let attributes = keep(Attributes::read(&field.attrs, Place::Field), &mut mistakes);
        let Attributes { desc, with, .. } = attributes.unwrap_or_default();
        if with.is_none() {
            keep(check_type(&field.ty), &mut mistakes);
            keep(check_recursion(&field.ty, item), &mut mistakes);
        }
        let ty = &field.ty;
        read.push(Field {
            member,
            ty,
            desc,
            with,
        });
    }
    mistakes.map_or(Ok(read), Err)
}

const BORROWED: &str = "a key owns what it holds, so that it can be decoded: use `String` for \
    `&str`, `Vec<u8>` for `&[u8]`; look-ups borrow by themselves, as in `get(&(\"acme\", 7))`";

fn check_lifetimes(generics: &Generics) -> Result<()> {
    let mut mistakes = None;
    for parameter in &generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            combine(&mut mistakes, Error::new(lifetime.span(), BORROWED));
        }
    }
    mistakes.map_or(Ok(()), Err)
}

fn check_type(ty: &Type) -> Result<()> {
    match ty {
        Type::Group(group) => check_type(&group.elem),
        Type::Paren(paren) => check_type(&paren.elem),
        Type::Reference(reference) => {
            // A named lifetime is reported where it is declared.
            let named = reference
                .lifetime
                .as_ref()
                .is_some_and(|l| l.ident != "static");
            if named {
                Ok(())
            } else {
                Err(Error::new_spanned(reference, BORROWED))
            }
        }
        Type::Path(path) if path.path.is_ident("usize") || path.path.is_ident("isize") => {
            let name = path.to_token_stream();
            let fixed = if path.path.is_ident("usize") {
                "u64"
            } else {
                "i64"
            };
            let text = format!("`{name}` has another width on other machines: use `{fixed}`");
            Err(Error::new(path.span(), text))
        }
        _ => Ok(()),
    }
}

/// Finds the item in the type of its own field. Where it hides behind another type, the constant
/// that says how deep it nests has no value, and the compiler says so at greater length.
fn check_recursion(ty: &Type, item: &Ident) -> Result<()> {
    let mut words: Vec<String> = Vec::new();
    flatten(ty.to_token_stream(), &mut words);
    let is_marker = words.iter().any(|word| word == "PhantomData");
    let names_it = words.iter().enumerate().any(|(at, word)| {
        let whole = at == 0 || words[at - 1] != ":";
        whole && (word == "Self" || item == word)
    });
    if names_it && !is_marker {
        let text = "a key cannot contain itself: nothing would bound how deep it nests";
        return Err(Error::new_spanned(ty, text));
    }
    Ok(())
}

fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => flatten(group.stream(), words),
            other => words.push(other.to_string()),
        }
    }
}

fn names_any(tokens: TokenStream, names: &[&Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(&&ident),
        TokenTree::Group(group) => names_any(group.stream(), names),
        _ => false,
    })
}
