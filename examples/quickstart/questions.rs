//! What one asks a store of cities.

use crate::cities::City;
use crate::print::{self, count, row};
use crate::{Outcome, World, expect, timed};
use std::collections::BTreeMap;

/// Typed questions: each prefix is the first fields of the key, and the compiler knows their types.
pub(crate) fn ask(world: &World) -> Outcome<()> {
    let cities = &world.cities;
    let (divisions, took) = timed(|| {
        let mut divisions: BTreeMap<(String, String), u64> = BTreeMap::new();
        for key in cities.iter().keys() {
            let key = key?;
            *divisions.entry((key.country, key.admin1)).or_default() += 1;
        }
        Ok(divisions)
    })?;
    row(
        "divisions of all countries, by keys alone",
        &count(divisions.len() as u64),
        took,
    );

    let largest = divisions.iter().max_by_key(|(_, cities)| **cities);
    let ((country, admin1), cities_of_division) = largest.ok_or("there are no cities")?;
    let (country, admin1) = (country.as_str(), admin1.as_str());

    let (found, took) = timed(|| Ok(cities.count_prefix((country,))?))?;
    row(&format!("cities in {country}"), &count(found), took);

    let (ids, took) = timed(|| {
        let mut ids = Vec::new();
        for entry in cities.prefix((country, admin1)) {
            ids.push(entry?.key.id);
        }
        Ok(ids)
    })?;
    row(
        &format!("cities in {country}-{admin1}"),
        &count(ids.len() as u64),
        took,
    );
    expect(
        ids.len() as u64 == *cities_of_division,
        "a prefix and a whole scan count the same",
    )?;

    let (from, to) = (ids[ids.len() / 4], ids[ids.len() - 1 - ids.len() / 4]);
    let (found, took) = timed(|| {
        let in_range = cities.prefix((country, admin1)).range(from..=to).keys();
        Ok(in_range.into_iter().collect::<Result<Vec<_>, _>>()?)
    })?;
    row(
        &format!("  of them with an id in {from}..={to}"),
        &count(found.len() as u64),
        took,
    );
    expect(
        found.iter().all(|key| (from..=to).contains(&key.id)),
        "a range keeps its bounds",
    )?;

    let (last, took) = timed(|| {
        let last_three = cities.prefix((country, admin1)).rev().limit(3).values();
        Ok(last_three.into_iter().collect::<Result<Vec<_>, _>>()?)
    })?;
    row("  the last three by id, backwards", "", took);
    print::cities(&last);

    let (one, took) = timed(|| Ok(cities.get(&(country, admin1, ids[0]))?))?;
    row("one city by its whole key, borrowed", "", took);
    print::cities(one.as_slice());
    expect(one.is_some(), "a key that a scan has shown is found")?;
    ask_for_most_populous(world, country)
}

/// Questions about what does not stand in the key: one walk over the values.
fn ask_for_most_populous(world: &World, country: &str) -> Outcome<()> {
    let cities = &world.cities;
    let (top, took) = timed(|| most_populous(cities.prefix((country,)).values()))?;
    row(&format!("most populous in {country}"), "", took);
    print::cities(&top);
    let (top, took) = timed(|| most_populous(cities.iter().values()))?;
    row("most populous of all", "", took);
    print::cities(&top);
    Ok(())
}

/// The three with the most inhabitants, in one walk.
fn most_populous(cities: impl IntoIterator<Item = grainstore::Result<City>>) -> Outcome<Vec<City>> {
    let mut top: Vec<City> = Vec::new();
    for city in cities {
        let city = city?;
        let place = top.partition_point(|other| other.population >= city.population);
        if place < 3 {
            top.insert(place, city);
            top.truncate(3);
        }
    }
    Ok(top)
}
