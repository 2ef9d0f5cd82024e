//! How long a change takes from the centre to the last worker, for each kind of centre.

use anyhow::Result;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};

use super::changes::{spread, through};
use crate::centre::Kind;
use crate::lab::Lab;

/// Changes a policy over and over in each kind; prints what was measured, and returns whether every
/// change took effect.
///
/// # Errors
/// If Envoy or a centre does not start.
pub async fn measure(lab: &Lab, kinds: &[Kind]) -> Result<bool> {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["centre", "changes", "in effect after: median", "worst"]);
    let mut all = true;
    for &kind in kinds {
        if let Some(missing) = kind.missing() {
            eprintln!("left out: {}, which needs {missing}", kind.name());
            continue;
        }
        let effects = through(lab, kind).await?.effects();
        let made: Vec<_> = effects.iter().copied().flatten().collect();
        all &= made.len() == effects.len();
        let changes = format!("{} of {}", made.len(), effects.len());
        let [median, worst] = spread(made).map(|time| format!("{} ms", time.as_millis()));
        table.add_row([kind.title().to_owned(), changes, median, worst]);
    }
    println!("{table}");
    Ok(all)
}
