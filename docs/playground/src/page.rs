//! Puts the page together: one file with its styles, its scripts, its examples and the program.
//!
//! `graylane-page PROGRAM PAGE`

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../page/page.html");
const STYLES: &str = include_str!("../page/page.css");
/// Each uses those before it.
const SCRIPTS: [&str; 5] = [
    include_str!("../page/wasi.js"),
    include_str!("../page/state.js"),
    include_str!("../page/text.js"),
    include_str!("../page/shares.js"),
    include_str!("../page/main.js"),
];
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [program, page] = &arguments[..] else {
        anyhow::bail!("usage: graylane-page PROGRAM PAGE");
    };
    let program = fs::read(program).with_context(|| format!("{program} cannot be read"))?;
    let html = assembled(&program)?;
    if let Some(folder) = Path::new(page).parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(page, &html).with_context(|| format!("{page} cannot be written"))?;
    println!("{page}: {} bytes", html.len());
    Ok(())
}

/// The page with everything in its place.
fn assembled(program: &[u8]) -> Result<String> {
    let script = one_script();
    let parts = [
        ("policy", security(&script)),
        ("styles", STYLES.to_owned()),
        ("examples", data(&examples()?)?),
        ("program", Base64::encode_string(&packed(program)?)),
        ("script", script),
    ];
    let mut html = PAGE.to_owned();
    for (name, part) in parts {
        let place = format!("{{{{{name}}}}}");
        ensure!(
            html.matches(&place).count() == 1,
            "{place} is not in the page once"
        );
        html = html.replacen(&place, &part, 1);
    }
    Ok(html)
}

/// The scripts as one: modules cannot import from a page, so what one exports the next ones have.
fn one_script() -> String {
    let lines = SCRIPTS.iter().flat_map(|script| script.lines());
    let lines = lines.filter(|line| !line.starts_with("import "));
    let lines = lines.map(|line| line.strip_prefix("export ").unwrap_or(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What the page may do: run this script and the program, and nothing else; ask nobody for anything.
fn security(script: &str) -> String {
    let hash = |text: &str| Base64::encode_string(&Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}' 'wasm-unsafe-eval'; style-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'",
        hash(script),
        hash(STYLES),
    )
}

/// The policies of the documentation that stand by themselves, by their names.
fn examples() -> Result<BTreeMap<String, String>> {
    let mut examples = BTreeMap::new();
    for entry in fs::read_dir(EXAMPLES)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            examples.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    ensure!(!examples.is_empty(), "there are no policies in {EXAMPLES}");
    Ok(examples)
}

/// JSON that may stand in a page: no `</script>` in it ends what it stands in.
fn data(value: &BTreeMap<String, String>) -> Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

/// The same bytes each time.
fn packed(program: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(program)?;
    Ok(packed.finish()?)
}
