// What the official npm client makes of the API's answers; prints it as JSON. Arguments: base URL, key, recording.
import fs from "node:fs";
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey, path] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const recording = () => fs.createReadStream(path);

async function failure(attempt) {
  try {
    await attempt();
    return null;
  } catch (error) {
    const { status, code, param, type, message } = error;
    return { kind: error.constructor.name, status, code, param, type, message };
  }
}

const create = (fields) =>
  client.audio.transcriptions.create({ model: "whisper-1", file: recording(), ...fields });

const events = [];
for await (const event of await create({ stream: true })) events.push(event);

const reference = `data:audio/wav;base64,${fs.readFileSync(path).toString("base64")}`;
const stranger = new OpenAI({ baseURL, apiKey: "cly_wrong", maxRetries: 0 });

const seen = {
  json: await create({ language: "ko-KR" }),
  text: await create({ response_format: "text" }),
  verbose: await create({
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  }),
  diarized: await create({ response_format: "diarized_json", chunking_strategy: "auto" }),
  from_bytes: await create({ file: await toFile(fs.readFileSync(path), "통화.wav") }),
  events,
  models: (await client.models.list()).data.map((model) => model.id),
  model: await client.models.retrieve("whisper-base"),
  unknown_model: await failure(() => create({ model: "gpt-9" })),
  words_as_json: await failure(() => create({ timestamp_granularities: ["word"] })),
  short_reference: await failure(() =>
    create({
      response_format: "diarized_json",
      known_speaker_names: ["kim"],
      known_speaker_references: [reference],
    }),
  ),
  wrong_key: await failure(() => stranger.models.list()),
  no_such_page: await failure(() => client.get("/nowhere")),
};
console.log(JSON.stringify(seen));
