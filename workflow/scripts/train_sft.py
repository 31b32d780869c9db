"""Train pocket's SFT model from scratch on demonstrations: a word-level tokenizer, a ChatML template, a small Llama."""

import argparse
from functools import partial

import torch

from align.chat import encode_prompt, encode_response
from align.errors import run
from align.files import atomic_path, read_jsonl
from align.resume import forget_state, state_folder
from align.supervised import train_resumably, training_settings
from pocket.tokenizer import make_tokenizer


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demonstrations", required=True, help="JSON lines: prompt, response")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--hidden-size", type=int, required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--epochs", type=float, required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="demonstrations a step")
    parser.add_argument("--learning-rate", type=float, required=True, help="peak; 50 steps of warm-up, then cosine")
    parser.add_argument("--threads", type=int, help="CPU threads; default: PyTorch's own choice")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), default="fp32")
    parser.add_argument("--save-steps", type=int, required=True, help="steps between two resumable states")
    parser.add_argument("--state", required=True, help="folder for the state of an unfinished run")
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def make_model(args: argparse.Namespace, tokenizer):
    """A small Llama with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(args.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=args.hidden_size,
            intermediate_size=2 * args.hidden_size,
            num_hidden_layers=args.layers,
            num_attention_heads=args.heads,
            num_key_value_heads=args.heads,
            max_position_embeddings=128,
            tie_word_embeddings=False,
            # With a cache, the model does not look for where packed demonstrations begin.
            use_cache=False,
            # The default of 0.02 suits widths of thousands; at 64 it keeps attention flat for most of the training.
            initializer_range=0.1,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def encode_demonstration(tokenizer, row: dict) -> dict[str, list[int]]:
    """Tokens of a demonstration; only the response is learned (labels of -100 are passed over)."""
    prompt = encode_prompt(tokenizer, [{"role": "user", "content": row["prompt"]}])
    response = encode_response(tokenizer, row["response"])
    return {"input_ids": prompt + response, "labels": [-100] * len(prompt) + response}


def pack_demonstrations(examples: list[dict[str, list[int]]], pad_token_id: int) -> dict[str, torch.Tensor]:
    """A batch in rows of 64 tokens, or of the longest example: one a row, four tokens in ten would be padding.

    Positions start anew with each demonstration, by which the model keeps those that share a row apart.
    """
    examples = sorted(examples, key=lambda example: len(example["input_ids"]), reverse=True)
    width = max(64, len(examples[0]["input_ids"]))
    rows: list[dict[str, list[int]]] = []
    for example in examples:
        length = len(example["input_ids"])
        row = next((row for row in rows if len(row["input_ids"]) + length <= width), None)
        if row is None:
            row = {"input_ids": [], "labels": [], "position_ids": []}
            rows.append(row)
        row["input_ids"] += example["input_ids"]
        row["labels"] += example["labels"]
        row["position_ids"] += range(length)
    fillers = {"input_ids": pad_token_id, "labels": -100, "position_ids": 0}
    return {
        name: torch.tensor([row[name] + [filler] * (width - len(row[name])) for row in rows])
        for name, filler in fillers.items()
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    from transformers import Trainer, TrainingArguments

    rows = read_jsonl(args.demonstrations)
    tokenizer = make_tokenizer([f"{row['prompt']} {row['response']}" for row in rows])
    model = make_model(args, tokenizer)
    state = state_folder(args.state, args, [args.demonstrations])
    settings = TrainingArguments(
        **training_settings(args.precision, state, args.save_steps),
        seed=args.seed,
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        warmup_steps=50,
        lr_scheduler_type="cosine",
        adam_beta2=0.98,
    )
    trainer = Trainer(
        model,
        settings,
        train_dataset=[encode_demonstration(tokenizer, row) for row in rows],
        data_collator=partial(pack_demonstrations, pad_token_id=tokenizer.pad_token_id),
    )
    train_resumably(trainer, "SFT model", ["loss"])
    with atomic_path(args.output) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    forget_state(state)


if __name__ == "__main__":
    run(main)
