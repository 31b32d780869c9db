"""TRL's RewardTrainer with the losses that it lacks: over ratings, with ties, anchored by the raters' own ratings."""

import torch
from trl import RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from align.losses import rating_loss
from align.reward_models import add_tie_parameter, log_outcomes, log_preference, replace_head


class RatingCollator(DataCollatorForPreference):
    """TRL's collator, which passes on both responses' ratings, (2 * pairs,), chosen first; and ties, (pairs,)."""

    def torch_call(self, examples: list[dict]) -> dict:
        batch = super().torch_call(examples)
        ratings = [[example[f"{response}_rating"] for example in examples] for response in ("chosen", "rejected")]
        batch["ratings"] = torch.tensor(ratings, dtype=torch.float32).flatten()
        if "tie" in examples[0]:
            batch["ties"] = torch.tensor([example["tie"] for example in examples])
        return batch


class PreferenceTrainer(RewardTrainer):
    """RewardTrainer with -log P(chosen > rejected) for a head of any width, plus `rating_weight` times rating_loss.

    With a `tie_share`, of the pairs, the loss is -log P of what raters said: a win or a tie.
    """

    def __init__(self, model, args, *, labels: int, rating_weight: float, tie_share: float = 0.0, **kwargs) -> None:
        # RewardTrainer insists on one label, so the head is replaced behind it.
        super().__init__(model, args, **kwargs)
        self.rating_weight = rating_weight
        self.is_bradley_terry = labels == 1 and not rating_weight and not tie_share
        if labels != model.config.num_labels:
            replace_head(model, labels)
        if labels == 1 and tie_share:
            add_tie_parameter(model, tie_share)

    def _get_train_sampler(self, train_dataset=None):
        sampler = super()._get_train_sampler(train_dataset)
        # Trainer sorts by lengths that it reads from the Arrow table one by one: a tenth of pocket's training.
        sampler.lengths = list(sampler.lengths)
        return sampler

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        inputs = dict(inputs)
        ratings, ties = inputs.pop("ratings"), inputs.pop("ties", None)
        if self.is_bradley_terry:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        outputs = model(**inputs, use_cache=False)
        chosen, rejected = outputs.logits.chunk(2)
        preference = log_preference(chosen, rejected)
        won = (preference.detach().exp() > 0.5).float()
        if ties is None:
            loss = -preference.mean()
        else:
            outcomes = log_outcomes(self.accelerator.unwrap_model(model).score, chosen, rejected)
            loss = -torch.where(ties, outcomes[:, 1], outcomes[:, 0]).mean()
            won = torch.where(ties, 0.5, won)
        metrics = self._metrics["train" if model.training else "eval"]
        if self.rating_weight:
            # Beside the whole loss: of pairs alone, as held-out pairs are measured.
            metrics["nll"].append(self.accelerator.gather_for_metrics(loss.detach()).mean().item())
            loss = loss + self.rating_weight * rating_loss(outputs.logits, ratings)
        metrics["accuracy"].append(self.accelerator.gather_for_metrics(won).mean().item())
        return (loss, outputs) if return_outputs else loss
