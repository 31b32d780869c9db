import pytest

from align.chat import PLAIN_TEMPLATE, decode_response, encode_prompt, encode_response, pad

USER = [{"role": "user", "content": "please name two fruits"}]


def test_prompt_ends_where_the_assistant_begins(tokenizer):
    text = tokenizer.decode(encode_prompt(tokenizer, USER))
    assert text == "<|im_start|> user please name two fruits <|im_end|> <|im_start|> assistant"


def test_response_ends_in_one_eos_and_reads_back(tokenizer):
    ids = encode_response(tokenizer, "apple and pear .")
    assert ids.count(tokenizer.eos_token_id) == 1 and ids[-1] == tokenizer.eos_token_id
    assert decode_response(tokenizer, ids) == "apple and pear ."


def test_padding_on_both_sides():
    ids, mask = pad([[5, 6], [7]], 0, "left")
    assert ids.tolist() == [[5, 6], [0, 7]] and mask.tolist() == [[1, 1], [0, 1]]
    ids, mask = pad([[5, 6], [7]], 0, "right")
    assert ids.tolist() == [[5, 6], [7, 0]] and mask.tolist() == [[1, 1], [1, 0]]


def test_smollm2s_own_template(real):
    from transformers import AutoTokenizer

    smollm2 = AutoTokenizer.from_pretrained(real / "smollm2-135m-instruct")
    ids = encode_prompt(smollm2, [{"role": "user", "content": "c#"}])
    assert smollm2.decode(ids) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nc#<|im_end|>\n<|im_start|>assistant\n"
    )
    # One id a special token: they were read as tokens, not spelled out.
    assert ids.count(smollm2.convert_tokens_to_ids("<|im_start|>")) == 3
    # What the policy continues is what the reward model is trained on: the template's own rendering of both turns.
    both = USER + [{"role": "assistant", "content": "apple."}]
    whole = smollm2.apply_chat_template(both, tokenize=False).rstrip("\n")
    assert smollm2.decode(encode_prompt(smollm2, USER) + encode_response(smollm2, "apple.")) == whole


@pytest.mark.parametrize("turns", [1, 3])
def test_plain_template_for_base_models(real, turns):
    from transformers import AutoTokenizer

    stories = AutoTokenizer.from_pretrained(real / "stories260k")
    stories.chat_template = PLAIN_TEMPLATE
    messages = [{"role": "user", "content": f"turn {i}"} for i in range(turns)]
    ids = encode_prompt(stories, messages)
    assert ids[0] == stories.bos_token_id and ids.count(stories.bos_token_id) == 1
    assert stories.decode(ids, skip_special_tokens=True).split("\n")[:turns] == [f"turn {i}" for i in range(turns)]
