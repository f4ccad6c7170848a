//! The rules of imports inside a package: no circle between files or folders, and nothing climbs.

use super::imports::{Module, Package};
use std::collections::{BTreeMap, BTreeSet};

type Graph = BTreeMap<Module, BTreeMap<Module, String>>;

/// Every break of the rules, in words.
pub(crate) fn faults(package: &Package) -> Vec<String> {
    let files = files(package);
    let mut faults = Vec::new();
    for (module, imports) in &files {
        for (target, path) in imports {
            if module.starts_with(target) {
                faults.push(format!("{} climbs: it names {path}", shown(module)));
            }
        }
    }
    let parents: BTreeSet<Module> = files.keys().map(parent).collect();
    for folder in parents {
        faults.extend(circles(&within(&files, &folder)));
    }
    faults
}

/// The graph of files: modules in braces are one with the file in which they stand.
fn files(package: &Package) -> Graph {
    let file_of = |module: &Module| {
        let file = &package.modules[module].file;
        let mut top = module.clone();
        while !top.is_empty() && package.modules[&parent(&top)].file == *file {
            top = parent(&top);
        }
        top
    };
    let mut graph = Graph::new();
    for module in package.modules.keys() {
        let from = file_of(module);
        let edges = graph.entry(from.clone()).or_default();
        for (target, path) in package.imports(module) {
            let target = file_of(&target);
            if target != from {
                edges.entry(target).or_insert(path);
            }
        }
    }
    graph
}

/// The graph of the files and folders of one folder, each folder taken as one, with all that is below it.
fn within(files: &Graph, folder: &Module) -> Graph {
    let below = |module: &Module| {
        let is_below = module.len() > folder.len() && module.starts_with(folder);
        is_below.then(|| module[..=folder.len()].to_vec())
    };
    let mut graph = Graph::new();
    for (module, imports) in files {
        let Some(from) = below(module) else { continue };
        let edges = graph.entry(from.clone()).or_default();
        for (target, path) in imports {
            if let Some(target) = below(target).filter(|target| *target != from) {
                edges.entry(target).or_insert_with(|| format!("{} names {path}", shown(module)));
            }
        }
    }
    graph
}

/// One sentence for each pair of modules of which each reaches the other.
fn circles(graph: &Graph) -> Vec<String> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        graph.keys().map(|from| (from, reachable(graph, from))).collect();
    let mut found = Vec::new();
    for (from, imports) in graph {
        for (target, path) in imports {
            if reach.get(target).is_some_and(|back| back.contains(from)) {
                found.push(format!("a circle: {} and {}: {path}", shown(from), shown(target)));
            }
        }
    }
    found
}

fn reachable<'g>(graph: &'g Graph, from: &Module) -> BTreeSet<&'g Module> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Module> = graph.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(graph.get(next).into_iter().flat_map(BTreeMap::keys));
        }
    }
    seen
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn shown(module: &Module) -> String {
    if module.is_empty() { "lib".into() } else { module.join("::") }
}
