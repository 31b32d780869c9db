"""TRL's RewardTrainer with the losses that it lacks: over ratings, and with the raters' own ratings as an anchor."""

import torch
from trl import RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from align.losses import rating_loss
from align.reward_models import log_preference, replace_head


class RatingCollator(DataCollatorForPreference):
    """TRL's collator, which passes on the ratings of both responses: (2 * pairs,), chosen first."""

    def torch_call(self, examples: list[dict]) -> dict:
        batch = super().torch_call(examples)
        ratings = [[example[f"{response}_rating"] for example in examples] for response in ("chosen", "rejected")]
        return batch | {"ratings": torch.tensor(ratings, dtype=torch.float32).flatten()}


class PreferenceTrainer(RewardTrainer):
    """RewardTrainer with -log P(chosen > rejected) for a head of any width, plus `rating_weight` times rating_loss."""

    def __init__(self, model, args, *, labels: int, rating_weight: float, **kwargs) -> None:
        # RewardTrainer insists on one label, so the head is replaced behind it.
        super().__init__(model, args, **kwargs)
        self.rating_weight = rating_weight
        self.is_bradley_terry = labels == 1 and not rating_weight
        if labels != model.config.num_labels:
            replace_head(model, labels)

    def _get_train_sampler(self, train_dataset=None):
        sampler = super()._get_train_sampler(train_dataset)
        # Trainer sorts by lengths that it reads from the Arrow table one by one: a tenth of pocket's training.
        sampler.lengths = list(sampler.lengths)
        return sampler

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        inputs = dict(inputs)
        ratings = inputs.pop("ratings")
        if self.is_bradley_terry:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        outputs = model(**inputs, use_cache=False)
        chosen, rejected = outputs.logits.chunk(2)
        preference = log_preference(chosen, rejected)
        loss = -preference.mean()
        if self.rating_weight:
            loss = loss + self.rating_weight * rating_loss(outputs.logits, ratings)
        mode = "train" if model.training else "eval"
        won = self.accelerator.gather_for_metrics((preference.detach().exp() > 0.5).float())
        self._metrics[mode]["accuracy"].append(won.mean().item())
        return (loss, outputs) if return_outputs else loss
