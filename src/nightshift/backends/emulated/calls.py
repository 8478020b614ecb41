"""Request bodies of `/v1/chat/completions`, `/v1/completions` and `/v1/responses`.

Read: model, messages or prompt, max_tokens, max_completion_tokens, min_tokens, ignore_eos, stream,
stream_options, n (only 1). All else is accepted and has no effect, as there is no sampling and no text
to stop at: temperature, top_p, stop, tools, logprobs, user and the rest.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nightshift.engine.chat import render_chat

# What OpenAI and vLLM generate on /v1/completions when the request does not say.
DEFAULT_COMPLETION_TOKENS = 16

Positive = Annotated[int, Field(ge=1)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class TextPart(_Body):
    """A content part; only text is understood."""

    type: Literal["text"]
    text: str


class ItemPart(_Body):
    """A part of an item of the Responses API; only text is understood."""

    type: Literal["input_text", "output_text"]
    text: str


class Message(_Body):
    """One message of a chat. Content may be missing where the assistant called a tool."""

    role: str
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(_Body):
    """Whether the last chunk reports usage."""

    include_usage: bool | None = None


class Call(_Body):
    """What both kinds of request have."""

    model: str | None = None
    max_tokens: Positive | None = None
    min_tokens: int | None = None
    ignore_eos: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with a chunk that reports usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def asked_tokens(self) -> int | None:
        """Tokens that the answer may have; None: as many as fit."""
        return self.max_tokens

    def rendered(self) -> bytes:
        """Return the prompt as the model sees it."""
        raise NotImplementedError


class ChatCall(Call):
    """`/v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Positive | None = None

    @property
    def asked_tokens(self) -> int | None:
        """See `Call`; the newer name wins."""
        return self.max_completion_tokens or self.max_tokens

    def rendered(self) -> bytes:
        """See `Call`."""
        return render_chat([(message.role, message.text) for message in self.messages])


class CompletionCall(Call):
    """`/v1/completions`, with one prompt."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=1)]

    @property
    def asked_tokens(self) -> int | None:
        """See `Call`."""
        return self.max_tokens or DEFAULT_COMPLETION_TOKENS

    def rendered(self) -> bytes:
        """See `Call`."""
        text = self.prompt if isinstance(self.prompt, str) else self.prompt[0]
        return text.encode("utf-8", "replace")


class Item(_Body):
    """One item of the input of a response: a message."""

    role: str
    content: str | list[ItemPart]

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class ResponseCall(Call):
    """`/v1/responses`. `request_id` is vLLM's and SGLang's: the id that the response shall have."""

    input: str | Annotated[list[Item], Field(min_length=1)]
    instructions: str | None = None
    max_output_tokens: Positive | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    background: bool | None = None
    request_id: Annotated[str, Field(min_length=1)] | None = None
    metadata: dict[str, str] | None = None

    @property
    def asked_tokens(self) -> int | None:
        """See `Call`; the newer name wins."""
        return self.max_output_tokens or self.max_tokens

    @property
    def messages(self) -> list[tuple[str, str]]:
        """What this request adds to the conversation, as (role, text)."""
        if isinstance(self.input, str):
            return [("user", self.input)]
        return [(item.role, item.text) for item in self.input]
