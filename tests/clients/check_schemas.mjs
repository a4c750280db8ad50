// Compiles every published JSON Schema as a strict editor does: ajv in strict mode.
import { readFileSync, readdirSync } from "node:fs";
import Draft7 from "ajv";
import Draft2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => name.endsWith(".schema.json"));
for (const name of names) {
  const schema = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  const Ajv = schema.$schema.includes("draft-07") ? Draft7 : Draft2020;
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats(ajv);
  try {
    ajv.compile(schema);
  } catch (error) {
    console.error(`ajv: ${name}: ${error.message}`);
    process.exit(1);
  }
}
if (names.length < 10) {
  console.error(`ajv: only ${names.length} schemas in ${folder}`);
  process.exit(1);
}
console.log(`ajv: ${names.length} schemas hold in strict mode`);
