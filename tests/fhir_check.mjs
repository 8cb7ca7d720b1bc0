// Checks resources by the definitions of FHIR R4 and, apart from them, by FHIRPath.
// In: {"resources": [...], "paths": [[resource number, FHIRPath], ...]} on standard input.
// Out: {"faults": [[...] for each resource], "values": [[...] for each path]}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { Fhir } = require("fhir");
const fhirpath = require("fhirpath");
const r4 = require("fhirpath/fhir-context/r4");

const asked = JSON.parse(readFileSync(0, "utf8"));
const fhir = new Fhir();
const faults = asked.resources.map((resource) =>
  fhir
    .validate(resource, { errorOnUnexpected: true })
    // A warning is a code that is not among the examples of a value set which binds nobody.
    .messages.filter(({ severity }) => severity === "error" || severity === "fatal")
    .map(({ location, message }) => `${location}: ${message}`),
);
const values = asked.paths.map(([number, path]) => fhirpath.evaluate(asked.resources[number], path, null, r4));
process.stdout.write(JSON.stringify({ faults, values }));
