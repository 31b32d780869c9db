"""Pocket's tokenizer, whose tokens are words, and its ChatML template."""

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, START, END = "<|pad|>", "<|unk|>", "<|im_start|>", "<|im_end|>"
CHATML = (
    "{% for message in messages %}<|im_start|> {{ message['role'] }} {{ message['content'] }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant{% endif %}"
)


def make_tokenizer(texts: list[str]):
    """A tokenizer whose tokens are the texts' words."""
    words = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(special_tokens=[UNKNOWN, PAD, START, END], show_progress=False)
    words.train_from_iterator([*texts, "user assistant"], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token=UNKNOWN, pad_token=PAD, bos_token=START, eos_token=END
    )
    tokenizer.chat_template = CHATML
    return tokenizer
