//! The systemd units say what this command line understands.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser;

use super::{Args, Command};

const UNITS: [(&str, &str); 3] = [
    ("carnac.service", include_str!("../systemd/carnac.service")),
    ("carnac-refresh.service", include_str!("../systemd/carnac-refresh.service")),
    ("carnac-refresh.timer", include_str!("../systemd/carnac-refresh.timer")),
];

/// The settings of a unit by `Section.Key`.
fn settings(unit: &str) -> BTreeMap<String, String> {
    let (mut section, mut settings) = ("", BTreeMap::new());
    for line in unit.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no setting: {line}"));
        let twice = settings.insert(format!("{section}.{key}"), value.to_owned());
        assert!(twice.is_none(), "{section}.{key} stands twice");
    }
    settings
}

fn unit(name: &str) -> BTreeMap<String, String> {
    settings(UNITS.iter().find(|(unit, _)| *unit == name).unwrap().1)
}

#[test]
fn every_command_of_a_unit_is_understood() {
    for (name, is_it) in [
        (
            "carnac.service",
            (|command| matches!(command, Command::Serve(_))) as fn(&Command) -> bool,
        ),
        ("carnac-refresh.service", |command| matches!(command, Command::Refresh(_))),
    ] {
        let unit = unit(name);
        let line = &unit["Service.ExecStart"];
        let args = Args::try_parse_from(line.split_whitespace());
        let args = args.unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        assert!(is_it(&args.command), "{name}: {line}");
        assert_eq!(args.root.as_deref(), Some("/var/lib/carnac/lake"), "{name}");
    }
}

#[test]
fn the_server_may_write_nothing_and_the_refresh_only_the_lake() {
    let (server, refresh) = (unit("carnac.service"), unit("carnac-refresh.service"));
    for unit in [&server, &refresh] {
        for key in ["NoNewPrivileges", "ProtectHome", "PrivateTmp", "RestrictNamespaces"] {
            assert_eq!(unit[&format!("Service.{key}")], "true", "{key}");
        }
        assert_eq!(unit["Service.ProtectSystem"], "strict");
        assert_eq!(unit["Service.User"], "carnac");
    }
    let paths = |unit: &BTreeMap<String, String>| -> BTreeSet<String> {
        unit.keys().filter(|key| key.ends_with("Paths")).cloned().collect()
    };
    assert_eq!(paths(&server), BTreeSet::from(["Service.ReadOnlyPaths".to_owned()]));
    assert_eq!(paths(&refresh), BTreeSet::from(["Service.ReadWritePaths".to_owned()]));
    assert_eq!(refresh["Service.ReadWritePaths"], "/var/lib/carnac");
    assert_eq!(refresh["Service.RestartForceExitStatus"], crate::job::BUSY.to_string());
}

#[test]
fn a_night_that_was_missed_is_caught_up() {
    let timer = unit("carnac-refresh.timer");
    assert_eq!(timer["Timer.Persistent"], "true");
    assert_eq!(timer["Timer.OnCalendar"], "*-*-* 02:00:00 Europe/Paris");
}
