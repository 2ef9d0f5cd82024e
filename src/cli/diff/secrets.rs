//! What is secret in a policy: that it changes may be shown, and never what it is.

use crate::policy::tree::Tree;

/// Where secrets stand: the fields of a centre, in `remote`.
const OF_A_CENTRE: [&str; 3] = ["password", "secret", "token"];

/// In place of a secret, and of one that was another before.
const HIDDEN: &str = "…";
const ANOTHER: &str = "… (another)";

/// The secrets of a policy.
pub(super) fn of(policy: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    visit(&mut policy.clone(), &mut |text| found.push(text.clone()));
    found
}

/// The policy without them; `known` are those that it had before.
pub(super) fn hushed(mut policy: Tree, known: &[String]) -> Tree {
    visit(&mut policy, &mut |text| {
        let is_new = !known.is_empty() && !known.contains(text);
        if is_new { ANOTHER } else { HIDDEN }.clone_into(text);
    });
    policy
}

fn visit(policy: &mut Tree, see: &mut dyn FnMut(&mut String)) {
    for (name, value) in fields(policy) {
        match &**name {
            "remote" => {
                let centres = fields(value).flat_map(|(_, centre)| fields(centre));
                let own = centres.filter(|(name, _)| OF_A_CENTRE.contains(&&**name));
                own.for_each(|(_, value)| text(value, see));
            }
            "notify" => {
                let paths = fields(value).filter(|(name, _)| name == "path");
                paths.for_each(|(_, value)| text(value, see));
            }
            _ => {}
        }
    }
}

fn fields(tree: &mut Tree) -> impl Iterator<Item = &mut (String, Tree)> {
    let fields = match tree {
        Tree::Object(fields) => &mut fields[..],
        _ => &mut [],
    };
    fields.iter_mut()
}

fn text(value: &mut Tree, see: &mut dyn FnMut(&mut String)) {
    if let Tree::Text(text) = value {
        see(text);
    }
}
