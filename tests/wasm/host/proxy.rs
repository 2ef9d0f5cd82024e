//! The hostcalls of proxy-wasm 0.2.1, with Envoy's answers.

use wasmi::Error;

use super::hostcall::Hostcall;
use super::state::Status;
use super::{dispatched, metrics, shared};

pub(super) type Answer = Result<Status, Error>;

/// The maps that this host has; the ABI numbers them.
const REQUEST_HEADERS: u32 = 0;
const ANSWER_HEADERS: u32 = 2;
const ANSWER_TRAILERS: u32 = 3;
const REPLY_HEADERS: u32 = 6;
/// The buffers.
const REPLY_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;

pub(super) fn hostcall(name: &str) -> Option<fn(&mut Hostcall<'_>) -> Answer> {
    Some(match name {
        "proxy_log" => log,
        "proxy_get_current_time_nanoseconds" => time,
        "proxy_get_buffer_bytes" => buffer,
        "proxy_get_property" => property,
        "proxy_set_property" => set_property,
        "proxy_call_foreign_function" => foreign,
        "proxy_set_effective_context" => context,
        "proxy_get_header_map_value" => first,
        "proxy_get_header_map_pairs" => pairs,
        "proxy_add_header_map_value" => add,
        "proxy_replace_header_map_value" => replace,
        "proxy_remove_header_map_value" => remove,
        "proxy_define_metric" => metrics::define,
        "proxy_increment_metric" => metrics::increment,
        "proxy_record_metric" => metrics::record,
        "proxy_get_shared_data" => shared::get,
        "proxy_set_shared_data" => shared::set,
        "proxy_set_tick_period_milliseconds" => tick,
        "proxy_http_call" => dispatched::send,
        _ => return None,
    })
}

/// What a call is about, where it says so in its arguments: the header, the property or
/// the counter.
pub(super) fn subject(name: &str, call: &Hostcall<'_>) -> Result<Option<String>, Error> {
    Ok(match name {
        "proxy_get_header_map_value"
        | "proxy_add_header_map_value"
        | "proxy_replace_header_map_value"
        | "proxy_remove_header_map_value"
        | "proxy_define_metric" => Some(call.text(1)?),
        "proxy_get_property" | "proxy_set_property" => Some(way(call)?.join(".")),
        "proxy_get_shared_data"
        | "proxy_set_shared_data"
        | "proxy_http_call"
        | "proxy_call_foreign_function" => Some(call.text(0)?),
        _ => None,
    })
}

fn log(call: &mut Hostcall<'_>) -> Answer {
    let line = (call.number(0)?, call.text(1)?);
    call.state().log.push(line);
    Ok(Status::Ok)
}

fn time(call: &mut Hostcall<'_>) -> Answer {
    let now = call.state().common.borrow().now.to_le_bytes();
    call.write(call.number(0)?, &now)?;
    Ok(Status::Ok)
}

/// For the root context that asks; 0 is never.
fn tick(call: &mut Hostcall<'_>) -> Answer {
    let (period, state) = (call.number(0)?, call.state());
    state.ticks.insert(state.context, period);
    Ok(Status::Ok)
}

fn buffer(call: &mut Hostcall<'_>) -> Answer {
    let kind = call.number(0)?;
    let state = call.state();
    let bytes = match kind {
        PLUGIN_CONFIGURATION => state.configuration.clone(),
        REPLY_BODY => state.replied.as_ref().map(|reply| reply.body.clone()),
        _ => None,
    };
    let Some(bytes) = bytes else {
        return Ok(Status::NotFound);
    };
    let [start, length] = [1, 2].map(|at| call.number(at));
    let rest = bytes.iter().skip(usize::try_from(start?).expect("32 bits"));
    let part: Vec<_> = rest
        .take(usize::try_from(length?).expect("32 bits"))
        .copied()
        .collect();
    if part.is_empty() {
        // Nothing is handed over then, not even where it would be.
        return Ok(Status::Ok);
    }
    call.give(3, &part)
}

fn property(call: &mut Hostcall<'_>) -> Answer {
    let way = way(call)?;
    match call.state().property(&way.join(".")) {
        Some(value) => call.give(2, &value),
        None => Ok(Status::NotFound),
    }
}

/// For as long as the request is there; a root context has none.
fn set_property(call: &mut Hostcall<'_>) -> Answer {
    let (way, value) = (way(call)?.join("."), call.bytes(2)?);
    let state = call.state();
    let Some(stream) = state.streams.get_mut(&state.context) else {
        return Ok(Status::NotFound);
    };
    stream.properties.insert(way, value);
    Ok(Status::Ok)
}

/// Of Envoy's functions this host has one, which takes each declaration once.
fn foreign(call: &mut Hostcall<'_>) -> Answer {
    let (name, arguments) = (call.text(0)?, call.bytes(2)?);
    if name != "declare_property" {
        return Ok(Status::NotFound);
    }
    let declared = &mut call.state().declared;
    if declared.contains(&arguments) {
        return Ok(Status::BadArgument);
    }
    declared.push(arguments);
    Ok(Status::Ok)
}

/// Its names are separated by zero bytes, of which a last one counts for nothing.
fn way(call: &Hostcall<'_>) -> Result<Vec<String>, Error> {
    let way = call.text(0)?;
    let names = way.trim_end_matches('\0').split('\0');
    Ok(names.map(str::to_owned).collect())
}

fn context(call: &mut Hostcall<'_>) -> Answer {
    call.state().context = call.number(0)?;
    Ok(Status::Ok)
}

/// The map that the call is about, while it is there: until the headers go on.
fn map<'s>(call: &'s mut Hostcall<'_>) -> Result<Option<&'s mut super::Headers>, Error> {
    Ok(match call.number(0)? {
        REQUEST_HEADERS => call.state().headers(false),
        ANSWER_HEADERS => call.state().headers(true),
        REPLY_HEADERS => call
            .state()
            .replied
            .as_mut()
            .map(|reply| &mut reply.headers),
        _ => None,
    })
}

/// While a request is logged, a map that is not there has an empty value of each name, as in Envoy.
fn first(call: &mut Hostcall<'_>) -> Answer {
    let name = call.text(1)?.to_ascii_lowercase();
    let kind = call.number(0)?;
    if let Some(gone) = call.state().gone() {
        let map = match kind {
            REQUEST_HEADERS => &gone.headers,
            ANSWER_HEADERS => &gone.answer,
            ANSWER_TRAILERS => &gone.trailers,
            _ => &None,
        };
        let value = match map {
            Some(map) => map.first(&name).map(<[u8]>::to_vec),
            None => Some(Vec::new()),
        };
        return match value {
            Some(value) => call.give(3, &value),
            None => Ok(Status::NotFound),
        };
    }
    let Some(headers) = map(call)? else {
        return Ok(Status::BadArgument);
    };
    match headers.first(&name).map(<[u8]>::to_vec) {
        Some(value) => call.give(3, &value),
        None => Ok(Status::NotFound),
    }
}

/// Where there is no map Envoy has no pairs of it, and says that all is well.
fn pairs(call: &mut Hostcall<'_>) -> Answer {
    let pairs = map(call)?.map(|headers| headers.pairs());
    call.give(1, &pairs.unwrap_or_default())
}

fn add(call: &mut Hostcall<'_>) -> Answer {
    write(call, super::Headers::add)
}

fn replace(call: &mut Hostcall<'_>) -> Answer {
    write(call, super::Headers::replace)
}

fn write(call: &mut Hostcall<'_>, how: fn(&mut super::Headers, &str, &[u8])) -> Answer {
    let (name, value) = (call.text(1)?, call.bytes(3)?);
    change(call, |headers| how(headers, &name, &value))
}

fn remove(call: &mut Hostcall<'_>) -> Answer {
    let name = call.text(1)?;
    change(call, |headers| headers.remove(&name))
}

fn change(call: &mut Hostcall<'_>, how: impl FnOnce(&mut super::Headers)) -> Answer {
    let Some(headers) = map(call)? else {
        return Ok(Status::BadArgument);
    };
    how(headers);
    Ok(Status::Ok)
}
