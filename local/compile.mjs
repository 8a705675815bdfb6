// Compiles a tree of Python for Lambda's runtime: node local/compile.mjs TREE MOUNTED ONLY
// Bytecode belongs to one minor version, and a machine with another Python cannot make it. Pyodide carries
// CPython 3.13 itself, in WebAssembly; bytecode knows no processor.
import { loadPyodide } from "pyodide";

const [tree, mounted, only] = process.argv.slice(2);
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/" } });
python.mountNodeFS("/tree", tree);
python.globals.set("arguments", python.toPy([mounted, only]));
const compiled = python.runPython(`
import compileall, py_compile, sys
mounted, only = arguments
assert sys.version_info[:2] == (3, 13), sys.version
compileall.compile_dir(f"/tree/{only}".removesuffix("/."), stripdir="/tree", prependdir=mounted, quiet=1, force=True,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
`);
process.exit(compiled ? 0 : 1);
