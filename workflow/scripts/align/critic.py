"""The critic of PPO and Vanilla PG."""

import torch

from align.reward_models import FullPrecisionHead
from align.rollout import load_policy, response_states


class TokenValues(torch.nn.Module):
    """A critic: V of what stands before each response token, from a trunk of its own and a linear head.

    The trunk starts from the SFT model and is not shared with the policy: the critic's error moves no weight of the
    policy, and one more model is in memory. The head starts at 0, which is SFT's mean reward, where b_MA starts too.
    """

    def __init__(self, model) -> None:
        super().__init__()
        self.body = getattr(model, model.base_model_prefix)
        self.head = FullPrecisionHead(model.config.hidden_size, 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, prompts: list[list[int]], responses: list[list[int]]) -> torch.Tensor:
        """Values, (batch, response), fp32, 0 beyond a response's end."""
        states, _, mask = response_states(self.body, prompts, responses)
        return torch.zeros(mask.shape, device=mask.device).masked_scatter(mask, self.head(states).squeeze(-1))


def load_critic(folder: str, device: torch.device) -> TokenValues:
    """A critic that starts from the model in `folder`, in fp32 and without dropout."""
    return TokenValues(load_policy(folder, device).model).to(device).eval()
