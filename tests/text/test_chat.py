"""Chat templates: what they write, and what they may not do."""

import json

import pytest

from kewen.errors import ConfigError, DataError
from kewen.text import Tokenizer
from kewen.text.chat import conversation

MESSAGES = [
    {"role": "user", "content": "你好"},
    {"role": "assistant", "content": "你好！"},
    {"role": "user", "content": "北京在哪里？"},
]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_a_conversation_ends_where_the_model_goes_on():
    text = conversation(CHATML, MESSAGES, {})
    assert text == (
        "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n你好！<|im_end|>\n"
        "<|im_start|>user\n北京在哪里？<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__init__.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ open('/etc/passwd').read() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ messages.append(1) }}",
        "{{ 'a'.encode('nope') }}",
        "{{ '{5}'.format(1) }}",
        "{{ 'a' * 100000000000000 }}",
        "{% for %}",
    ],
)
def test_a_template_that_reaches_out_is_refused(template):
    with pytest.raises(ConfigError, match="chat template"):
        conversation(template, MESSAGES, {})


def test_templates_find_what_they_find_in_transformers():
    template = (
        "{{ tools | tojson }}|{{ messages[0] | tojson(indent=1) }}|"
        "{{ strftime_now('%Y') }}|{{ documents is none }}|"
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
        "{% break %}{% endfor %}"
    )
    message = {"role": "user", "content": "<你 & 我>"}
    text = conversation(template, [message], {}, tools=[{"name": "f'"}])
    tools, shown, year, none, content = text.split("|")
    assert tools == '[{"name": "f\'"}]'
    assert shown == json.dumps(message, ensure_ascii=False, indent=1)
    assert year.isdecimal()
    assert none == "True"
    assert content == "<你 & 我>"


def test_a_call_of_a_tool_needs_no_content():
    template = "{{ messages[0].tool_calls[0].name }}"
    message = {"role": "assistant", "tool_calls": [{"name": "clock"}]}
    assert conversation(template, [message], {}) == "clock"


def test_a_template_refuses_messages_in_its_own_words():
    template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(DataError, match="roles must alternate"):
        conversation(template, MESSAGES, {})


@pytest.mark.parametrize("message", ["hi", {"role": "user"}, {"content": "hi"}])
def test_what_is_no_message_is_refused(message):
    with pytest.raises(DataError, match='"role" and a "content"'):
        conversation(CHATML, [message], {})


@pytest.fixture
def folder(tmp_path):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "你", "好"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", ["text", "list", "file"])
def test_a_template_is_found_and_saved_again(folder, tmp_path, kind):
    settings = {"bos_token": "[CLS]"}
    if kind == "file":
        (folder / "chat_template.jinja").write_text("{{ bos_token }}" + CHATML)
    elif kind == "text":
        settings["chat_template"] = "{{ bos_token }}" + CHATML
    else:
        settings["chat_template"] = [
            {"name": "tools", "template": "no"},
            {"name": "default", "template": "{{ bos_token }}" + CHATML},
        ]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = Tokenizer.from_folder(folder)
    wanted = "[CLS]" + conversation(CHATML, MESSAGES, {})
    assert tokenizer.conversation(MESSAGES) == wanted
    tokenizer.save(tmp_path / "again")
    again = Tokenizer.from_folder(tmp_path / "again")
    assert again.conversation(MESSAGES) == wanted


def test_a_tokenizer_without_a_template_says_so(folder):
    with pytest.raises(ConfigError, match=r"chat_template\.jinja"):
        Tokenizer.from_folder(folder).conversation(MESSAGES)
