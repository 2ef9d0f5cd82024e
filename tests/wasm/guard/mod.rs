//! The guard in several VMs with shared data, which is what a proxy's workers are.

mod costs;
mod lives;
mod noise;
mod seen;
mod verdicts;

use serde_json::{Value, json};

use crate::host::{Ended, Request, Root, Served, Vm, WARN};
use crate::support::{self, Sent};

/// 2026-11-21, in the afternoon.
const BEGIN: u64 = 1_795_269_600_000;

const TAGS: &str = "gray_service=.=checkout;.;gray_version=.=v2;.;";

/// Everybody with an id gets v2, which is guarded so; the others get the baseline.
fn policy(guard: &Value) -> Value {
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2", "cluster": "checkout-v2", "guard": guard }],
            "rules": [{
                "name": "known",
                "split": {
                    "by": [{ "header": "x-user-id" }],
                    "salt": "s",
                    "to": [{ "version": "v2", "percent": 100 }],
                },
            }],
        }],
    })
}

fn user(id: usize) -> Sent {
    Sent::default().with("x-user-id", &id.to_string())
}

/// The version that a request goes on to.
fn version(served: &Served) -> String {
    let values = served.after.values("x-gray-version");
    String::from_utf8_lossy(&values.concat()).into_owned()
}

/// Workers of one proxy, under one policy.
struct Workers {
    vms: Vec<(Vm, Root)>,
    now: u64,
    /// The lines of verdicts that nobody has looked at.
    verdicts: Vec<Value>,
}

impl Workers {
    fn start(count: usize, policy: &Value) -> Self {
        let mut vm = Vm::start();
        vm.clock(BEGIN);
        let root = vm.accept(&support::json(policy));
        let mut workers = Self {
            vms: vec![(vm, root)],
            now: BEGIN,
            verdicts: Vec::new(),
        };
        (1..count).for_each(|_| workers.add(policy));
        workers
    }

    /// One more.
    fn add(&mut self, policy: &Value) {
        let mut vm = Vm::start_beside(&self.vms[0].0);
        let root = vm.accept(&support::json(policy));
        self.vms.push((vm, root));
    }

    /// Gives all of them another policy.
    fn replace(&mut self, policy: &Value) {
        for (vm, root) in &mut self.vms {
            let new = vm.accept(&support::json(policy));
            vm.retire(std::mem::replace(root, new));
        }
    }

    fn serve(&mut self, worker: usize, sent: &Sent, ended: &Ended) -> String {
        let (vm, root) = &mut self.vms[worker];
        version(&vm.serve_to(*root, sent, ended))
    }

    /// So many users of v2, who all see the same.
    fn serve_many(&mut self, worker: usize, count: usize, ended: &Ended) {
        for id in 0..count {
            self.serve(worker, &user(id), ended);
        }
    }

    /// What each worker answers a user with.
    fn versions(&mut self) -> Vec<String> {
        let workers = 0..self.vms.len();
        workers
            .map(|worker| self.serve(worker, &user(1), &Ended::with(200)))
            .collect()
    }

    /// Requests that begin and get no answer yet.
    fn open(&mut self, worker: usize, count: usize) -> Vec<Request> {
        let (vm, root) = &mut self.vms[worker];
        let open = (0..count).map(|id| {
            let request = vm.open(*root);
            vm.send(request, &user(id));
            request
        });
        open.collect()
    }

    /// Time goes by, and all that is to be done on each tick is done.
    fn pass(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        while self.now < until {
            self.now += 250;
            self.vms[0].0.clock(self.now);
            for (vm, root) in &mut self.vms {
                let ticked = vm.tick(*root);
                assert_eq!(ticked.period, 250);
                let log = ticked.log.into_iter();
                for (level, line) in log.filter(|(_, line)| !line.starts_with("policy changed")) {
                    let verdict = line
                        .strip_prefix("verdict: ")
                        .expect("nothing else is told");
                    assert_eq!(level, WARN, "{line}");
                    self.verdicts.push(serde_json::from_str(verdict).unwrap());
                }
            }
        }
    }

    /// Each change of a verdict since this was asked last: from, to, and why.
    fn told(&mut self) -> Vec<[String; 3]> {
        let changes = self.verdicts.drain(..).map(|verdict| {
            ["from", "to", "because"].map(|field| verdict[field].as_str().unwrap().to_owned())
        });
        changes.collect()
    }

    fn gauge(&self, name: &str) -> u64 {
        let gauge = self.vms[0].0.gauge(&format!("{TAGS}graylane_{name}"));
        gauge.unwrap_or_else(|| panic!("no gauge {name}"))
    }

    /// How much of this was counted of v2 since anything was asked last.
    fn counted(&mut self, name: &str) -> u64 {
        let counted = self.vms[0].0.counted();
        counted
            .get(&format!("{TAGS}graylane_{name}"))
            .copied()
            .unwrap_or_default()
    }

    /// The window's answers, failures and slow ones.
    fn window(&self) -> [u64; 3] {
        ["answers", "failed", "slow"].map(|name| self.gauge(&format!("guard_window_{name}")))
    }
}

/// Closes v2 on the first worker.
fn fail(workers: &mut Workers) {
    workers.serve_many(0, 60, &Ended::with(500));
    workers.pass(500);
    assert_eq!(workers.told(), [["open", "closed", "max_error_percent"]]);
}
