//! What is held against a site once everything was tried.

use anyhow::Result;

use super::NAME;
use super::centre::Centre;
use super::site::Site;
use crate::centre::{Kind, SECRET};
use crate::checks::failed;
use crate::envoy::Envoy;
use crate::report::Row;

/// Bytes of a line of the log about the centre at most.
const LONGEST_LINE: usize = 1_500;

impl Site {
    /// Ends the load: nobody failed, everybody was answered as before, the log has no line that
    /// somebody else wrote, and no secret.
    pub(super) async fn end(self, tricks: usize) -> Result<(Envoy, Centre, Vec<Row>)> {
        let records = self.load.stop().await?;
        let case = &self.case;
        let of = |user: &str| {
            user.parse::<usize>()
                .ok()
                .and_then(|at| self.visits.get(at))
        };
        let strange = records.iter().filter(|record| {
            let visit = of(&record.user);
            let wanted = visit.and_then(|visit| self.native.decide(visit).version);
            record.is_success() && record.version != wanted
        });
        let mut rows = vec![
            failed(NAME, case, &records),
            Row::exact(
                NAME,
                format!("{case}: answered in another way"),
                0,
                strange.count(),
            ),
        ];
        let log = self.envoy.log().since(0);
        let forged = log
            .lines()
            .filter(|line| line.starts_with("[critical] forged"));
        rows.push(Row::exact(
            NAME,
            format!("{case}: lines of the log that the centre wrote"),
            0,
            forged.count(),
        ));
        let own = log.lines().filter(|line| line.contains("remote: "));
        let longest = own.map(str::len).max().unwrap_or_default();
        rows.push(Row::judged(
            NAME,
            format!("{case}: the longest line of the log about the centre"),
            "some bytes",
            longest,
            format!("1 to {LONGEST_LINE}"),
            (1..=LONGEST_LINE).contains(&longest),
        ));
        let stats = self.envoy.admin().get("/stats").await?;
        if matches!(self.kind, Kind::Http | Kind::Consul) {
            let heads = self.centre.heads();
            let told = heads.iter().filter(|head| head.contains(SECRET)).count();
            let rule = format!("{case}: requests for the centre with its token");
            rows.push(Row::exact(NAME, rule, heads.len(), told));
        }
        let seen = [("the log", &log), ("/stats", &stats)];
        let seen: Vec<_> = seen
            .iter()
            .filter_map(|(place, text)| text.contains(SECRET).then_some(*place))
            .collect();
        let rule = format!("{case}: places that show a secret");
        rows.push(Row::exact(NAME, rule, "[]", format!("{seen:?}")));
        let count = |name: &str| -> u64 {
            let lines = stats.lines().filter(|line| line.contains(name));
            lines
                .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
                .sum()
        };
        let counted =
            count("graylane_remote_failures_total") + count("graylane_remote_refused_total");
        rows.push(Row::judged(
            NAME,
            format!("{case}: counted, of what is wrong"),
            tricks,
            counted,
            "at least",
            counted >= u64::try_from(tricks)?,
        ));
        Ok((self.envoy, self.centre, rows))
    }
}
