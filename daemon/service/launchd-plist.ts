/** The launchd agent of the daemon, as a property list. Pure. */
import { UsageError } from "../../protocol/command/failures.js";
import { commandOf, type ServiceSpec, withOrigin } from "./service-file.js";

/** @throws UsageError for a path or a value that no property list can hold */
export function plistText(label: string, spec: ServiceSpec): string {
  const words = commandOf(spec)
    .map((word) => `    ${string(word)}\n`)
    .join("");
  const variables = Object.entries(spec.env)
    .map(([name, value]) => `    <key>${xml(name)}</key>\n    ${string(value)}\n`)
    .join("");
  return withOrigin(
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by liveopsd install, which replaces this file as long as nobody changes it. -->
{origin}
<plist version="1.0">
<dict>
  <key>Label</key>
  ${string(label)}
  <key>ProgramArguments</key>
  <array>
${words}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>ExitTimeOut</key>
  <integer>90</integer>
</dict>
</plist>
`,
    spec,
    (line) => `<!-- ${line} -->`,
  );
}

function string(text: string): string {
  return `<string>${xml(text)}</string>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function xml(text: string): string {
  // XML 1.0 has no way to write most control characters.
  if (/[^\P{Cc}\t]|\p{Surrogate}|[\uFFFE\uFFFF]/u.test(text))
    throw new UsageError(`${JSON.stringify(text)} has a character that a property list cannot hold`);
  return text.replace(/[&<>]/g, (character) => ENTITIES[character]!);
}
