"""One step of PPO or Vanilla PG: sample and reward as REINFORCE does, then follow each token's advantage."""

from functools import partial

import torch
from torch.nn.functional import pad

from align.actor_critic import (
    clipped_policy_loss,
    clipped_value_loss,
    gae,
    policy_gradient_loss,
    token_rewards,
    value_loss,
    whiten,
)
from align.rollout import draw_uniforms
from align.training_step import (
    Learner,
    Models,
    StepSettings,
    check_finite,
    describe_rows,
    reward_responses,
    sample_responses,
    update_policy,
)


def critic_train_step(settings: StepSettings, models: Models, learner: Learner, prompts, sft_outputs) -> dict:
    """One step on a batch of tokenised prompts; in and out as training_step.train_step, whose place it takes.

    In one process: minibatches and whitening are of the whole batch.
    """
    accelerator, critic = learner.accelerator, settings.critic
    with accelerator.autocast():
        uniforms = draw_uniforms(len(prompts), settings.max_new_tokens)
        responses = sample_responses(models, learner, prompts, settings.max_new_tokens, uniforms)

    episodes = partial(read_episodes, settings, models, learner, prompts, responses, sft_outputs)
    old = learner.micro_batch.run(episodes)
    mask = old["mask"]
    rewards = token_rewards(old["reward"], old["logps"], old["ref_logps"], mask, settings.kl_coef)
    advantages = gae(rewards, old["values"], mask, critic.discount, critic.gae_lambda)
    old["returns"] = advantages + old["values"]
    if critic.advantages == "whitened":
        advantages = whiten(advantages, mask)
    old["advantages"] = advantages * old["weight"].unsqueeze(1)

    updates = []
    for _ in range(critic.epochs):
        for rows in torch.randperm(len(prompts)).chunk(critic.minibatches):
            minibatch = [[texts[i] for i in rows] for texts in (prompts, responses)]
            old_rows = {name: column[rows.to(column.device)] for name, column in old.items()}
            accumulate = partial(accumulate_gradient, settings, models, learner, *minibatch, old_rows)
            update = learner.micro_batch.run(accumulate)
            update["grad_norm"] = update_policy(settings, models, learner)
            update["skipped"] = int(accelerator.optimizer_step_was_skipped)
            updates.append(update)

    rows = {"shaped_reward": rewards.sum(dim=1), "kl": ((old["logps"] - old["ref_logps"]) * mask).sum(dim=1)}
    rows = describe_rows(rows | {"entropy": old["entropy"], "reward": old["reward"]}, models, responses)
    rows["baseline"] = old["values"][:, 0]
    metrics = {name: row.mean().item() for name, row in rows.items()}
    advantages = old["advantages"][mask.bool()]  # of tokens
    metrics |= {"advantage_mean": advantages.mean().item(), "advantage_std": advantages.std().item()}
    metrics |= {name: sum(one[name] for one in updates) / len(updates) for name in updates[0] if name != "skipped"}
    metrics["skipped"] = sum(one["skipped"] for one in updates)
    return {"metrics": metrics, "responses": responses, "rewards": old["reward"].tolist()}


@torch.no_grad()
def read_episodes(settings, models, learner, prompts, responses, sft_outputs, at_once: int) -> dict[str, torch.Tensor]:
    """What policy, reference and critic made of each token sampled, (batch, time), and each reward, (batch,)."""
    longest, parts = max(map(len, responses)), []
    with learner.accelerator.autocast():
        rewards, weights = reward_responses(settings, models, prompts, responses, sft_outputs, at_once)
        for start in range(0, len(prompts), at_once):
            part = prompts[start : start + at_once], responses[start : start + at_once]
            logps, entropy = models.policy(*part)
            ref_logps, _ = models.reference(*part)
            lengths = torch.tensor([len(response) for response in part[1]], device=logps.device)
            mask = (torch.arange(longest, device=logps.device) < lengths.unsqueeze(1)).float()
            tokens = {"logps": logps, "ref_logps": ref_logps, "values": models.critic(*part)}
            tokens = {name: pad(column, (0, longest - column.shape[1])) for name, column in tokens.items()}
            parts.append(tokens | {"mask": mask, "entropy": entropy.sum(dim=1)})
    rows = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    check_finite(rewards, *rows.values())
    return rows | {"reward": rewards, "weight": weights}


def accumulate_gradient(
    settings: StepSettings,
    models: Models,
    learner: Learner,
    prompts,
    responses,
    old: dict[str, torch.Tensor],
    at_once: int,
) -> dict[str, float]:
    """Add up both losses' gradients over a minibatch; returns the critic's loss and the share of clipped tokens."""
    critic, metrics = settings.critic, {"value_loss": 0.0, "clipped_share": 0.0}
    learner.optimizer.zero_grad()
    for start in range(0, len(prompts), at_once):
        part = slice(start, start + at_once)
        with learner.accelerator.autocast():
            logps, _ = models.policy(prompts[part], responses[part])
            values = models.critic(prompts[part], responses[part])
        old_part = {name: column[part] for name, column in old.items()}
        width = old_part["mask"].shape[1] - logps.shape[1]
        logps, values = pad(logps, (0, width)), pad(values, (0, width))
        mask, advantages, returns = old_part["mask"], old_part["advantages"], old_part["returns"]
        if settings.method == "ppo":
            loss = clipped_policy_loss(advantages, logps, old_part["logps"], mask, critic.clip_range)
            error = clipped_value_loss(values, old_part["values"], returns, mask, critic.value_clip_range)
        else:
            loss = policy_gradient_loss(advantages, logps, mask)
            error = value_loss(values, returns, mask)
        check_finite(loss, error)
        share = len(logps) / len(prompts)
        # Their parameters are not shared, and AdamW heeds no gradient's scale: the two need no weight between them.
        learner.accelerator.backward((loss + error) * share)
        outside = ((logps.detach() - old_part["logps"]).exp() - 1).abs() > critic.clip_range
        metrics["value_loss"] += error.item() * share
        metrics["clipped_share"] += (outside * mask).sum().item() / old["mask"].sum().item()
    return metrics
