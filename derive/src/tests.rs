//! What the derive writes, as text.

use syn::parse_quote;

use crate::expand::expand;
use crate::suggestion::closest;

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

#[test]
fn a_misspelt_word_finds_the_one_that_was_meant() {
    let known = ["desc", "with"];
    assert_eq!(closest("dsc", &known), Some("desc"));
    assert_eq!(closest("descending", &known), Some("desc"));
    assert_eq!(closest("wiht", &known), Some("with"));
    assert_eq!(closest("rename", &known), None);
}
