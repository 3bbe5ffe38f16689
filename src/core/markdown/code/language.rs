//! What is special to each language.

use super::Kind;

/// A language, or several that look alike.
pub(super) struct Language {
    pub(super) layout: Layout,
    pub(super) keywords: &'static str,
    pub(super) types: &'static str,
    /// Words that stand for values.
    pub(super) values: &'static str,
    pub(super) line_comment: &'static [&'static str],
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    /// What texts begin and end with.
    pub(super) quotes: &'static str,
    pub(super) has_triples: bool,
    /// Whether a single quotation mark may stand for something else.
    pub(super) is_char_short: bool,
    /// What belongs to words besides letters, digits and the underscore.
    pub(super) word_marks: &'static str,
    pub(super) has_types: bool,
    /// Whether what stands before `:` or `=` is a key.
    pub(super) has_keys: bool,
    pub(super) ignores_case: bool,
}

/// How a language is laid out.
pub(super) enum Layout {
    /// Words and marks.
    Words,
    /// Elements in angle brackets.
    Marks,
    /// Each line by itself.
    Lines(fn(&str) -> Kind),
}

const PLAIN: Language = Language {
    layout: Layout::Words,
    keywords: "",
    types: "",
    values: "true false null",
    line_comment: &[],
    block_comment: None,
    quotes: "\"'",
    has_triples: false,
    is_char_short: false,
    word_marks: "",
    has_types: false,
    has_keys: false,
    ignores_case: false,
};

const CURLY: Language = Language {
    line_comment: &["//"],
    block_comment: Some(("/*", "*/")),
    has_types: true,
    ..PLAIN
};

static RUST: Language = Language {
    keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self static struct super trait type unsafe use where while",
    types: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize",
    is_char_short: true,
    ..CURLY
};
static PYTHON: Language = Language {
    keywords: "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield",
    types: "bool bytes dict float int list object set str tuple",
    values: "True False None self cls",
    line_comment: &["#"],
    has_triples: true,
    has_types: true,
    ..PLAIN
};
static SCRIPT: Language = Language {
    keywords: "abstract as async await break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in instanceof interface keyof let namespace new of private protected public readonly return satisfies set static switch throw try type typeof var void while with yield",
    types: "any bigint boolean never number object string symbol unknown",
    values: "true false null undefined this super NaN",
    quotes: "\"'`",
    word_marks: "$",
    ..CURLY
};
static JSON: Language = Language {
    line_comment: &["//"],
    block_comment: Some(("/*", "*/")),
    quotes: "\"",
    has_keys: true,
    ..PLAIN
};
static SHELL: Language = Language {
    keywords: "alias break case cd continue do done echo elif else esac eval exec exit export fi for function if in local read return set shift source sudo then trap unset until while",
    values: "true false",
    line_comment: &["#"],
    ..PLAIN
};
static MARKS: Language = Language {
    layout: Layout::Marks,
    block_comment: Some(("<!--", "-->")),
    ..PLAIN
};
static STYLE: Language = Language {
    keywords: "@media @import @layer @supports @keyframes @font-face @container @property @use @include @mixin important",
    values: "",
    line_comment: &["//"],
    block_comment: Some(("/*", "*/")),
    word_marks: "@-",
    has_keys: true,
    ..PLAIN
};
static SQL: Language = Language {
    keywords: "add all alter and as asc begin between by case check commit constraint create cross database default delete desc distinct drop else end except exists foreign from full group having if in index inner insert intersect into is join key left like limit not offset on or order outer primary references returning right rollback select set table then transaction union unique update using values view when where with",
    types: "bigint boolean char date decimal double float int integer json numeric real serial smallint text time timestamp uuid varchar",
    line_comment: &["--"],
    block_comment: Some(("/*", "*/")),
    ignores_case: true,
    ..PLAIN
};
static GO: Language = Language {
    keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
    types: "any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr",
    values: "true false nil iota",
    quotes: "\"'`",
    ..CURLY
};
static JAVA: Language = Language {
    keywords: "abstract as assert async await base break case catch class companion const continue data default delegate do else enum event extends final finally for foreach fun get if implements import in init instanceof interface internal is lock namespace new object open operator out override package private protected public readonly record return sealed set static struct suspend switch synchronized throw throws try typealias typeof using val var virtual volatile when where while yield",
    types: "bool boolean byte char decimal double float int long object sbyte short string uint ulong void",
    values: "true false null this super",
    has_triples: true,
    ..CURLY
};
static C: Language = Language {
    keywords: "alignas alignof auto break case catch class co_await co_return co_yield concept const consteval constexpr continue decltype default define delete do else elif endif enum explicit export extern final for friend goto if ifdef ifndef include inline mutable namespace new noexcept operator override pragma private protected public register requires restrict return sizeof static static_assert static_cast struct switch template throw try typedef typename undef union using virtual volatile while",
    types: "bool char double float int int8_t int16_t int32_t int64_t long short signed size_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t",
    values: "true false nullptr NULL this",
    ..CURLY
};
static YAML: Language = Language {
    values: "true false null yes no on off",
    line_comment: &["#"],
    word_marks: "-.",
    has_keys: true,
    ..PLAIN
};
static TOML: Language = Language {
    values: "true false inf nan",
    line_comment: &["#", ";"],
    has_triples: true,
    word_marks: "-.",
    has_keys: true,
    ..PLAIN
};
static DIFF: Language = Language {
    layout: Layout::Lines(|line| match line.as_bytes() {
        [b'+', ..] => Kind::Added,
        [b'-', ..] => Kind::Removed,
        [b'@', b'@', ..] => Kind::Keyword,
        _ => Kind::Plain,
    }),
    ..PLAIN
};
static MARKDOWN: Language = Language {
    layout: Layout::Lines(|line| match line.trim_start().as_bytes() {
        [b'#', ..] => Kind::Keyword,
        [b'>', ..] => Kind::Comment,
        [b'`', b'`', b'`', ..] | [b'~', b'~', b'~', ..] => Kind::Text,
        _ => Kind::Plain,
    }),
    ..PLAIN
};

/// The language of that name.
pub(super) fn language(name: &str) -> Option<&'static Language> {
    Some(match name.to_ascii_lowercase().as_str() {
        "rust" | "rs" => &RUST,
        "python" | "py" | "python3" => &PYTHON,
        "javascript" | "js" | "jsx" | "mjs" | "typescript" | "ts" | "tsx" => &SCRIPT,
        "json" | "jsonc" | "json5" => &JSON,
        "bash" | "sh" | "shell" | "zsh" | "console" => &SHELL,
        "html" | "xml" | "svg" | "xhtml" | "vue" => &MARKS,
        "css" | "scss" | "less" => &STYLE,
        "sql" | "postgresql" | "mysql" | "sqlite" => &SQL,
        "go" | "golang" => &GO,
        "java" | "kotlin" | "kt" | "csharp" | "cs" | "c#" | "dart" | "swift" => &JAVA,
        "c" | "h" | "cpp" | "c++" | "cc" | "hpp" => &C,
        "yaml" | "yml" => &YAML,
        "toml" | "ini" => &TOML,
        "diff" | "patch" => &DIFF,
        "markdown" | "md" => &MARKDOWN,
        _ => return None,
    })
}
