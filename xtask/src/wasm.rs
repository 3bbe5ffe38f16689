//! A WASM file taken apart far enough to give its functions another order (WebAssembly core specification, section 5).

const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;
const START: u8 = 8;
const ELEMENTS: u8 = 9;
const CODE: u8 = 10;
/// How every file begins, with its version.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The kind of an import or export that is a function.
const FUNCTION: u8 = 0;

/// A file's sections, and the functions it defines.
pub struct Module<'a> {
    sections: Vec<(u8, &'a [u8])>,
    imported: usize,
    types: Vec<usize>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> Module<'a> {
    /// Takes `wasm` apart. `None` for what is no WASM file.
    pub fn read(wasm: &'a [u8]) -> Option<Self> {
        let mut rest = Reader::new(wasm.strip_prefix(HEADER)?);
        let mut module = Self {
            sections: Vec::new(),
            imported: 0,
            types: Vec::new(),
            bodies: Vec::new(),
        };
        while !rest.is_done() {
            let kind = rest.byte()?;
            let section = rest.block()?;
            module.sections.push((kind, section));
            let mut section = Reader::new(section);
            match kind {
                IMPORTS => module.imported = imported_functions(&mut section)?,
                FUNCTIONS => {
                    for _ in 0..section.number()? {
                        module.types.push(section.number()?);
                    }
                }
                CODE => {
                    for _ in 0..section.number()? {
                        module.bodies.push(section.block()?);
                    }
                }
                _ => {}
            }
        }
        (module.types.len() == module.bodies.len()).then_some(module)
    }

    /// The types of the functions that the file defines, as numbers.
    pub fn types(&self) -> &[usize] {
        &self.types
    }

    /// What each function does, without the numbers of the functions it calls: these change with the order.
    pub fn shapes(&self) -> Option<Vec<Vec<u8>>> {
        let bodies = self.bodies.iter();
        bodies
            .map(|body| renumbered_body(body, &|_, out| out.push(0)))
            .collect()
    }

    /// The file with its functions in `order`, a permutation of their positions, and without custom sections.
    pub fn written(&self, order: &[usize]) -> Option<Vec<u8>> {
        let mut places = vec![usize::MAX; self.types.len()];
        for (new, old) in order.iter().enumerate() {
            *places.get_mut(*old)? = new;
        }
        if order.len() != places.len() || places.contains(&usize::MAX) {
            return None;
        }
        let rename = |function: usize, out: &mut Vec<u8>| {
            let place = function.checked_sub(self.imported);
            let place = place.and_then(|defined| places.get(defined));
            put_number(place.map_or(function, |new| self.imported + new), out);
        };
        let mut wasm = HEADER.to_vec();
        for (kind, section) in &self.sections {
            let mut out = Vec::with_capacity(section.len());
            let mut section = Reader::new(section);
            match *kind {
                CUSTOM => continue,
                FUNCTIONS => {
                    put_number(order.len(), &mut out);
                    for old in order {
                        put_number(*self.types.get(*old)?, &mut out);
                    }
                }
                CODE => {
                    put_number(order.len(), &mut out);
                    for old in order {
                        let body = renumbered_body(self.bodies.get(*old)?, &rename)?;
                        put_number(body.len(), &mut out);
                        out.extend(body);
                    }
                }
                START => rename(section.number()?, &mut out),
                GLOBALS => globals(&mut section, &mut out, &rename)?,
                EXPORTS => exports(&mut section, &mut out, &rename)?,
                ELEMENTS => elements(&mut section, &mut out, &rename)?,
                _ => out.extend(section.bytes),
            }
            wasm.push(*kind);
            put_number(out.len(), &mut wasm);
            wasm.extend(out);
        }
        Some(wasm)
    }
}

type Rename<'a> = &'a dyn Fn(usize, &mut Vec<u8>);

fn imported_functions(section: &mut Reader) -> Option<usize> {
    let mut functions = 0;
    for _ in 0..section.number()? {
        section.block()?;
        section.block()?;
        let kind = section.byte()?;
        functions += usize::from(kind == FUNCTION);
        match kind {
            FUNCTION => section.skip_number()?,
            // A table or a memory: limits with or without a maximum.
            1 | 2 => {
                if kind == 1 {
                    section.byte()?;
                }
                for _ in 0..=(section.byte()? & 1) {
                    section.skip_number()?;
                }
            }
            3 => {
                section.take(2)?;
            }
            _ => return None,
        }
    }
    Some(functions)
}

fn globals(section: &mut Reader, out: &mut Vec<u8>, rename: Rename) -> Option<()> {
    let count = section.number()?;
    put_number(count, out);
    for _ in 0..count {
        out.extend(section.take(2)?);
        instructions(section, out, Extent::Expression, rename)?;
    }
    Some(())
}

fn exports(section: &mut Reader, out: &mut Vec<u8>, rename: Rename) -> Option<()> {
    let count = section.number()?;
    put_number(count, out);
    for _ in 0..count {
        let name = section.block()?;
        put_number(name.len(), out);
        out.extend(name);
        let kind = section.byte()?;
        out.push(kind);
        let index = section.number()?;
        if kind == FUNCTION {
            rename(index, out);
        } else {
            put_number(index, out);
        }
    }
    Some(())
}

fn elements(section: &mut Reader, out: &mut Vec<u8>, rename: Rename) -> Option<()> {
    let count = section.number()?;
    put_number(count, out);
    for _ in 0..count {
        let flags = section.byte()?;
        out.push(flags);
        let (is_active, has_kind, has_expressions) =
            (flags & 1 == 0, flags & 3 != 0, flags & 4 != 0);
        if is_active {
            if flags & 2 != 0 {
                put_number(section.number()?, out);
            }
            instructions(section, out, Extent::Expression, rename)?;
        }
        if has_kind {
            out.push(section.byte()?);
        }
        let length = section.number()?;
        put_number(length, out);
        for _ in 0..length {
            if has_expressions {
                instructions(section, out, Extent::Expression, rename)?;
            } else {
                rename(section.number()?, out);
            }
        }
    }
    Some(())
}

fn renumbered_body(body: &[u8], rename: Rename) -> Option<Vec<u8>> {
    let mut reader = Reader::new(body);
    for _ in 0..reader.number()? {
        reader.skip_number()?;
        reader.byte()?;
    }
    let mut out = body.get(..reader.at)?.to_vec();
    instructions(&mut reader, &mut out, Extent::Body, rename)?;
    Some(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Up to its end; other bytes follow. Holds no blocks.
    Expression,
    /// All that is left.
    Body,
}

/// Copies instructions, every number of a function through `rename`. Instructions that Rust's compiler does not write
/// (vectors, threads, exceptions, garbage collection) are unknown.
fn instructions(
    reader: &mut Reader,
    out: &mut Vec<u8>,
    extent: Extent,
    rename: Rename,
) -> Option<()> {
    while !reader.is_done() {
        let start = reader.at;
        let code = reader.byte()?;
        match code {
            // call, return_call, ref.func
            0x10 | 0x12 | 0xd2 => {
                out.push(code);
                rename(reader.number()?, out);
                continue;
            }
            // unreachable, nop, else, end, return, drop, select, arithmetic, ref.is_null
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
            // block, loop, if, branches, variables, tables, memory.size and .grow, integers, ref.null
            0x02..=0x04 | 0x0c | 0x0d | 0x20..=0x26 | 0x3f..=0x42 | 0xd0 => reader.skip_number()?,
            // br_table
            0x0e => {
                for _ in 0..=reader.number()? {
                    reader.skip_number()?;
                }
            }
            // call_indirect, return_call_indirect, loads and stores
            0x11 | 0x13 | 0x28..=0x3e => {
                reader.skip_number()?;
                reader.skip_number()?;
            }
            // select with types
            0x1c => {
                reader.block()?;
            }
            0x43 => {
                reader.take(4)?;
            }
            0x44 => {
                reader.take(8)?;
            }
            0xfc => match reader.number()? {
                0..=7 => {}
                8 | 10 | 12 | 14 => {
                    reader.skip_number()?;
                    reader.skip_number()?;
                }
                9 | 11 | 13 | 15..=17 => reader.skip_number()?,
                _ => return None,
            },
            _ => return None,
        }
        out.extend(reader.bytes.get(start..reader.at)?);
        if extent == Extent::Expression && code == 0x0b {
            return Some(());
        }
    }
    (extent == Extent::Body).then_some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<usize> {
        let (value, rest) = number(self.bytes.get(self.at..)?)?;
        self.at = self.bytes.len() - rest.len();
        Some(value)
    }

    /// Any LEB128 number, signed or not.
    fn skip_number(&mut self) -> Option<()> {
        while self.byte()? & 0x80 != 0 {}
        Some(())
    }

    /// Bytes with their length in front.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }
}

/// How many bytes the LEB128 number takes that `bytes` begin with.
pub fn number_length(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .map(|last| last + 1)
}

/// An unsigned LEB128 number, and what follows it.
pub fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = number_length(bytes).filter(|length| *length <= 5)?;
    let value = bytes
        .iter()
        .take(length)
        .rev()
        .fold(0, |sum, byte| (sum << 7) | usize::from(byte & 0x7f));
    Some((value, bytes.get(length..)?))
}

/// Writes `value` as an unsigned LEB128 number.
pub fn put_number(mut value: usize, out: &mut Vec<u8>) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub mod tests {
    use super::*;

    /// One type, one imported function (number 0), and functions with `bodies` (from number 1 on), of which the first
    /// is exported, all are in a table, and a global refers to the first.
    pub fn module(bodies: &[&[u8]]) -> Vec<u8> {
        let count = u8::try_from(bodies.len()).unwrap();
        let mut wasm = HEADER.to_vec();
        let mut section = |kind: u8, bytes: &[u8]| {
            wasm.push(kind);
            put_number(bytes.len(), &mut wasm);
            wasm.extend(bytes);
        };
        section(CUSTOM, b"\x04nameabc");
        section(1, &[1, 0x60, 0, 0]);
        section(IMPORTS, &[1, 1, b'a', 1, b'b', FUNCTION, 0]);
        section(FUNCTIONS, &[vec![count], vec![0; bodies.len()]].concat());
        section(4, &[1, 0x70, 0, count]);
        section(GLOBALS, &[1, 0x70, 0, 0xd2, 1, 0x0b]);
        section(EXPORTS, &[1, 1, b'x', FUNCTION, 1]);
        let table: Vec<u8> = (1..=count).collect();
        section(
            ELEMENTS,
            &[vec![1, 0, 0x41, 0, 0x0b, count], table].concat(),
        );
        let mut code = vec![count];
        for body in bodies {
            code.push(u8::try_from(body.len() + 1).unwrap());
            code.push(0);
            code.extend(*body);
        }
        section(CODE, &code);
        wasm
    }

    #[test]
    fn every_mention_of_a_function_follows_it_to_its_new_place() {
        let (caller, called): (&[u8], &[u8]) = (&[0x10, 2, 0x10, 0, 0x0b], &[0x41, 2, 0x1a, 0x0b]);
        let before = module(&[caller, called]);
        let after = Module::read(&before).unwrap().written(&[1, 0]).unwrap();
        let moved: &[u8] = &[0x10, 1, 0x10, 0, 0x0b];
        let mut wanted = module(&[called, moved]);
        wanted.drain(8..18);
        let replaced = [
            (vec![0xd2, 1, 0x0b], vec![0xd2, 2, 0x0b]),
            (vec![b'x', FUNCTION, 1], vec![b'x', FUNCTION, 2]),
            (vec![0x0b, 2, 1, 2], vec![0x0b, 2, 2, 1]),
        ];
        for (old, new) in replaced {
            let at = wanted
                .windows(old.len())
                .position(|bytes| bytes == old)
                .unwrap();
            wanted.splice(at..at + old.len(), new);
        }
        assert_eq!(after, wanted);
    }

    #[test]
    fn shapes_are_alike_whoever_is_called() {
        let wasm = module(&[&[0x10, 2, 0x0b], &[0x10, 0, 0x0b]]);
        let shapes = Module::read(&wasm).unwrap().shapes().unwrap();
        assert_eq!(shapes[0], shapes[1]);
    }

    #[test]
    fn an_unknown_instruction_is_refused() {
        let wasm = module(&[&[0xfd, 0, 0x0b]]);
        assert!(Module::read(&wasm).unwrap().written(&[0]).is_none());
    }

    #[test]
    fn an_order_that_forgets_or_repeats_a_function_is_refused() {
        let wasm = module(&[&[0x0b], &[0x0b]]);
        let module = Module::read(&wasm).unwrap();
        for order in [&[0][..], &[0, 0], &[0, 1, 1], &[0, 2]] {
            assert!(module.written(order).is_none(), "{order:?}");
        }
    }

    #[test]
    fn numbers_survive() {
        for value in [0, 1, 127, 128, 300, 70_000] {
            let mut bytes = Vec::new();
            put_number(value, &mut bytes);
            assert_eq!(number(&bytes), Some((value, &[][..])));
        }
    }
}
