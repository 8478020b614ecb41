// The official client for Node against a balancer. Arguments: base URLs of the emulated and the scripted one, a nonce.
// Prints one JSON object: what each scenario came to.
import OpenAI from "openai";

const [emulated, scripted, content, model] = process.argv.slice(2);
const options = { apiKey: "k", maxRetries: 0, timeout: 10_000 };
const real = new OpenAI({ baseURL: emulated, ...options });
const client = new OpenAI({ baseURL: scripted, ...options });
const say = (name, more = {}) =>
  client.chat.completions.create({ model: "m", messages: [{ role: "user", content: `say=${name}` }], ...more });
const ask = { model, messages: [{ role: "user", content }], max_tokens: 8, ignore_eos: true };

async function raised(promise) {
  try {
    await promise;
    return "nothing";
  } catch (error) {
    return [error.constructor.name, error.status ?? null, error.code ?? null];
  }
}

async function joined(stream) {
  let text = "";
  for await (const chunk of await stream) text += chunk.choices[0]?.delta?.content ?? "";
  return text;
}

const found = {};
found.whole = (await real.chat.completions.create(ask)).choices[0].message.content;
found.stream = await joined(real.chat.completions.create({ ...ask, stream: true }));
found.models = (await real.models.list()).data.map((one) => one.id);
found.tools = (await say("tools", { tools: [] })).choices[0].message.tool_calls[0].function.arguments;
found.json = JSON.parse((await say("json", { response_format: { type: "json_object" } })).choices[0].message.content);
for (const status of [400, 401, 404, 413, 429, 503]) found[`error_${status}`] = await raised(say(`error_${status}`));
found.cut = await raised(joined(say("cut_stream", { stream: true })));
const stream = await say("hang", { stream: true });
for await (const chunk of stream) break; // leaving the loop aborts the request
found.left = "left";
found.timeout = (await raised(client.chat.completions.create(
  { model: "m", messages: [{ role: "user", content: "say=silence" }] }, { timeout: 200 })))[0];
console.log(JSON.stringify(found));
process.exit(0);
