//! What the derive writes, as text.

use syn::parse_quote;

use crate::expand::expand;

#[test]
fn generated_code_names_only_core_and_the_crate_it_was_told() {
    let input = parse_quote! {
        #[key(crate = "crate::facade::store")]
        #[key(prefixes)]
        struct OrderKey<T> { tenant: String, #[key(desc)] id: T, #[key(with = "hex")] raw: Raw }
    };
    let code = expand(&input).unwrap().to_string();
    assert!(
        !code.contains("grainstore") && !code.contains("std"),
        "{code}"
    );
    assert!(
        code.contains("crate :: facade :: store :: key :: KeyPart"),
        "{code}"
    );
    assert!(!code.contains("unsafe"));
}
