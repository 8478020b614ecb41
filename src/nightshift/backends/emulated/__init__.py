"""The emulated engine: `nightshift.engine` behind an OpenAI-compatible HTTP server.

It answers with words drawn from a hash of the prompt, in the time that the modelled device would take,
and reports what vLLM and SGLang report. Every response carries `x-engine-emulated: <profile>`, so that
nobody takes it for a real one.

`calls` reads request bodies, `replies` writes responses, `live` drives the model by the event loop's
clock, `streams` carries its tokens to clients, `metrics` renders `/metrics`, `server` joins them. What
`/v1/responses` stores is in `responses`, and how it is worded in `response_events`.
"""
