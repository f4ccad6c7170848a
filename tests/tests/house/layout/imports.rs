//! What the modules of a package import, read from their parsed `use` trees and paths.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enums of syn are non-exhaustive")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// A module by its path from the crate's root; the root is empty.
pub(crate) type Module = Vec<String>;

/// The modules of one package, without those of tests.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) modules: BTreeMap<Module, Contents>,
}

/// What stands in a module.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Where it stands; modules in braces share their file.
    pub(crate) file: PathBuf,
    /// Names that it defines.
    items: BTreeSet<String>,
    /// Names that it imports, under the name that they have here.
    names: BTreeMap<String, Vec<String>>,
    /// Modules all of whose names it imports.
    globs: Vec<Vec<String>>,
    /// Every path that it names, imports included.
    paths: BTreeSet<Vec<String>>,
}

impl Package {
    /// Reads a package from its `lib.rs`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut package = Self::default();
        package.read_file(Vec::new(), &root.join("src/lib.rs"), &root.join("src"));
        package
    }

    fn read_file(&mut self, module: Module, file: &Path, children: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(module, &parsed.items, file, children);
    }

    fn read_items(&mut self, module: Module, items: &[syn::Item], file: &Path, children: &Path) {
        let mut contents = Contents { file: file.into(), ..Contents::default() };
        for item in items.iter().filter(|item| !is_of_tests(attributes(item))) {
            if let Some(name) = defined(item) {
                contents.items.insert(name);
            }
            match item {
                syn::Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let (path, folder) =
                        ([module.clone(), vec![name.clone()]].concat(), children.join(&name));
                    match &child.content {
                        Some((_, items)) => self.read_items(path, items, file, &folder),
                        None => self.read_file(path, &children.join(format!("{name}.rs")), &folder),
                    }
                }
                syn::Item::Use(import) => contents.read_use(&mut Vec::new(), &import.tree),
                other => contents.visit_item(other),
            }
        }
        self.modules.insert(module, contents);
    }

    /// The modules that a module imports from, each with the path by which it is named.
    pub(crate) fn imports(&self, module: &Module) -> BTreeMap<Module, String> {
        let mut found = BTreeMap::new();
        for path in &self.modules[module].paths {
            if let Some(target) = self.resolve(module, path, 0).filter(|target| target != module) {
                found.entry(target).or_insert_with(|| path.join("::"));
            }
        }
        found
    }

    /// The module in which a path ends, re-exports followed; `None` where it leaves the package.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        if depth > 16 {
            return None;
        }
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.clone(), rest, depth),
            "super" => {
                let mut parent = from.clone();
                parent.pop()?;
                // `super::super` goes on from there.
                if rest.first().is_some_and(|next| next == "super") {
                    self.resolve(&parent, rest, depth + 1)
                } else {
                    self.walk(parent, rest, depth)
                }
            }
            name if self.modules.contains_key(&[from.clone(), vec![name.into()]].concat()) => {
                self.walk(from.clone(), path, depth)
            }
            name => {
                let imported = self.modules[from].names.get(name).filter(|imported| *imported != path)?;
                self.resolve(from, &[imported.as_slice(), rest].concat(), depth + 1)
            }
        }
    }

    fn walk(&self, mut module: Module, path: &[String], depth: usize) -> Option<Module> {
        let Some((name, rest)) = path.split_first() else { return Some(module) };
        let child = [module.clone(), vec![name.clone()]].concat();
        if self.modules.contains_key(&child) {
            return self.walk(child, rest, depth);
        }
        let contents = &self.modules[&module];
        if contents.items.contains(name) {
            return Some(module);
        }
        if let Some(import) = contents.names.get(name) {
            return self.resolve(&module, &[import.as_slice(), rest].concat(), depth + 1);
        }
        for glob in &contents.globs {
            if let Some(from) = self.resolve(&module, glob, depth + 1)
                && self.modules[&from].items.contains(name)
            {
                module = from;
                break;
            }
        }
        Some(module)
    }
}

impl Contents {
    fn read_use(&mut self, before: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.read_use(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Name(name) => self.import(before, &name.ident.to_string(), None),
            syn::UseTree::Rename(name) => {
                self.import(before, &name.ident.to_string(), Some(name.rename.to_string()));
            }
            syn::UseTree::Glob(_) => {
                self.globs.push(before.clone());
                self.paths.insert(before.clone());
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.read_use(before, tree)),
        }
    }

    fn import(&mut self, before: &[String], name: &str, rename: Option<String>) {
        let mut path = before.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.into());
        }
        let shown = rename.or_else(|| path.last().cloned()).unwrap_or_default();
        self.paths.insert(path.clone());
        self.names.insert(shown, path);
    }
}

impl<'ast> Visit<'ast> for Contents {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.read_use(&mut Vec::new(), &import.tree);
    }

    /// Paths in the arguments of macros, which no parser knows the grammar of.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let text = call.tokens.to_string().replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::");
        let words = text.split(|character: char| !(character.is_alphanumeric() || "_:".contains(character)));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        // `pub(in crate::folder)` says who may see, and imports nothing.
        let of_visibility = |at: usize| at > 0 && words[at - 1] == "in";
        for (_, word) in
            words.iter().enumerate().filter(|(at, word)| word.contains("::") && !of_visibility(*at))
        {
            self.paths.insert(word.split("::").map(String::from).collect());
        }
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    /// Who may see an item is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => &[],
    }
}

fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

fn defined(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
