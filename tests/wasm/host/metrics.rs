//! Metrics, with Envoy's answers.

use wasmi::Error;

use super::common::Kind;
use super::hostcall::Hostcall;
use super::proxy::Answer;
use super::state::Status;

/// The same name gets another number each time, as in Envoy.
pub(super) fn define(call: &mut Hostcall<'_>) -> Answer {
    let kind = match call.number(0)? {
        0 => Kind::Counter,
        1 => Kind::Gauge,
        2 => Kind::Histogram,
        other => {
            return Err(Error::new(format!(
                "this host has no metrics of kind {other}"
            )));
        }
    };
    let name = call.text(1)?;
    let state = call.state();
    let mut common = state.common.borrow_mut();
    let known = common.metrics.entry(name.clone()).or_insert((kind, 0));
    if known.0 != kind {
        return Err(Error::new(format!("{name} is a {:?} already", known.0)));
    }
    drop(common);
    state.metrics.push((kind, name));
    let number = u32::try_from(state.metrics.len()).expect("there are few");
    call.write(call.number(3)?, &number.to_le_bytes())?;
    Ok(Status::Ok)
}

/// A counter goes only upwards, and a gauge never below nothing, where Envoy's would wrap around.
pub(super) fn increment(call: &mut Hostcall<'_>) -> Answer {
    let offset = call.long(1)?;
    change(call, |kind, value| match (kind, offset) {
        (Kind::Counter, ..=0) | (Kind::Histogram, _) => None,
        _ => Some(
            value
                .checked_add_signed(offset)
                .ok_or("a gauge goes below nothing"),
        ),
    })
}

/// Sets a gauge, or puts a value into a histogram. To a counter Envoy adds, which no module of ours
/// asks for.
pub(super) fn record(call: &mut Hostcall<'_>) -> Answer {
    let value = call.long(1)?.cast_unsigned();
    let mut is_sample = false;
    let answer = change(call, |kind, count| match kind {
        Kind::Counter => Some(Err("a counter is set")),
        Kind::Gauge => Some(Ok(value)),
        Kind::Histogram => {
            is_sample = true;
            Some(Ok(count + 1))
        }
    })?;
    if is_sample {
        let number = usize::try_from(call.number(0)?).expect("32 bits");
        let state = call.state();
        let (_, name) = &state.metrics[number - 1];
        let mut common = state.common.borrow_mut();
        common.samples.entry(name.clone()).or_default().push(value);
    }
    Ok(answer)
}

fn change(
    call: &mut Hostcall<'_>,
    how: impl FnOnce(Kind, u64) -> Option<Result<u64, &'static str>>,
) -> Answer {
    let number = usize::try_from(call.number(0)?).expect("32 bits");
    let state = call.state();
    let Some((_, name)) = number.checked_sub(1).and_then(|at| state.metrics.get(at)) else {
        return Ok(Status::NotFound);
    };
    let mut common = state.common.borrow_mut();
    let (kind, value) = common.metrics.get_mut(name).expect("it was defined");
    let Some(changed) = how(*kind, *value) else {
        return Ok(Status::BadArgument);
    };
    *value = changed.map_err(|why| Error::new(format!("{name}: {why}")))?;
    Ok(Status::Ok)
}
