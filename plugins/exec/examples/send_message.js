// Delivers by appending to a file named after the recipient, in the folder OUTBOX.
//
//     mqscript run --core exec --core-option command="node plugins/exec/examples/send_message.js"

const fs = require("fs");
const path = require("path");
const readline = require("readline");

function sendMessage({ content, sender, recipient }) {
  if (recipient === "nobody") throw new Error("nobody has no inbox");
  if (!process.env.OUTBOX) return true;
  fs.appendFileSync(path.join(process.env.OUTBOX, recipient), `${sender}: ${content}\n`);
  return true;
}

// Standard output belongs to the protocol; everything else goes to standard error.
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
console.log = console.error;

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.init) return say({ ready: true });
  try {
    say({ id: message.id, delivered: sendMessage(message) });
  } catch (error) {
    say({ id: message.id, delivered: false, reason: String(error.message) });
  }
});
