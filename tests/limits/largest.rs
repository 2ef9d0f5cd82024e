//! The largest policies work.

use graylane::limits::MAX_POLICY_BYTES;
use graylane::{Moment, decide};
use serde_json::json;

use crate::support::{self, Sent, load, wire};
use crate::{numbered, policy, service};

#[test]
fn the_largest_policies_are_read_and_compiled() {
    let rule = |at: usize| {
        let set = numbered(20, |each| format!("user-{at}-{each}"));
        let test = json!({ "name": "x-user-id", "in": set });
        json!({ "name": format!("r{at}"), "when": { "header": test }, "use": "v2" })
    };
    let services = numbered(1_000, |at| {
        let mut service = service(&format!("s{at}"), numbered(10, rule));
        service["hosts"] = json!([format!("s{at}.example.com")]);
        service
    });
    let policy = policy(services);
    for bytes in [support::json(&policy), wire(&policy)] {
        assert!(bytes.len() > MAX_POLICY_BYTES / 2, "{}", bytes.len());
        let rules = load(&bytes).unwrap();
        let request = Sent {
            host: "s999.example.com".to_owned(),
            ..Sent::default()
        };
        let request = request.with("x-user-id", "user-9-19");
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.service(), Some("s999"));
        assert_eq!(decision.rule(), Some("r9"));
    }
}
