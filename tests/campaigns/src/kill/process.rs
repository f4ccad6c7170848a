//! What a process is doing, for who waits for it.

use std::fs;

/// For each thread its name, state, time on a processor in ticks, and where in the kernel it waits.
pub(super) fn threads(pid: u32) -> String {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return "it has ended".to_owned() };
    let told: Vec<String> = tasks
        .flatten()
        .map(|task| {
            let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let (stat, waits) = (read("stat"), read("wchan"));
            // After the name in brackets: the state, and 10 fields on the ticks.
            let after = stat.rsplit(')').next().unwrap_or_default();
            let fields: Vec<&str> = after.split_whitespace().collect();
            let field = |at: usize| fields.get(at).copied().unwrap_or("?");
            format!("{} {} {}+{} {waits}", read("comm").trim(), field(0), field(11), field(12))
        })
        .collect();
    told.join(", ")
}
