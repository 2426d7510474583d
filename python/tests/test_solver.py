"""The solver's functions against plain NumPy, one condition and step at a time."""

import threading
import time

import numpy as np
import pytest

import mdgps


def random_problem(N=3, T=8, n=4, m=2, seed=0, dtype=float):
    """Well-conditioned dynamics, cost, initial state and reference policy."""
    rng = np.random.default_rng(seed)

    def spd(*shape):
        size = shape[-1]
        a = rng.normal(size=(*shape, size))
        return a @ np.swapaxes(a, -1, -2) / size + 0.5 * np.eye(size)

    p = n + m
    transition = 0.3 * rng.normal(size=(N, T, n, p)) / np.sqrt(p)
    transition[..., :n] += 0.9 * np.eye(n)
    arrays = (
        mdgps.GaussianState(rng.normal(size=(N, n)), 0.1 * spd(N, n)),
        mdgps.LinearGaussianDynamics(transition, 0.1 * rng.normal(size=(N, T, n)), 0.01 * spd(N, T, n)),
        mdgps.QuadraticCost(spd(N, T, p), rng.normal(size=(N, T, p)), rng.normal(size=(N, T))),
        mdgps.LinearGaussianPolicy(0.1 * rng.normal(size=(N, T, m, n)), rng.normal(size=(N, T, m)), spd(N, T, m)),
    )
    return [type(a)(*(member.astype(dtype) for member in a)) for a in arrays]


def plain_backward_pass(dynamics, cost, i):
    f, fc, _ = (a[i] for a in dynamics)
    H, g, _ = (a[i] for a in cost)
    T, n, p = f.shape
    V, v = np.zeros((n, n)), np.zeros(n)
    gain, offset, covariance = [None] * T, [None] * T, [None] * T
    for t in reversed(range(T)):
        Q, q = H[t].copy(), g[t].copy()
        if t + 1 < T:
            Q += f[t].T @ V @ f[t]
            q += f[t].T @ (v + V @ fc[t])
        Quu, Qux, qu = Q[n:, n:], Q[n:, :n], q[n:]
        covariance[t] = np.linalg.inv(Quu)
        gain[t], offset[t] = -covariance[t] @ Qux, -covariance[t] @ qu
        V = Q[:n, :n] + Qux.T @ gain[t]
        v = q[:n] + Qux.T @ offset[t]
    return np.array(gain), np.array(offset), np.array(covariance)


def plain_forward_pass(initial, dynamics, policy, i):
    x, X = (a[i] for a in initial)
    means, covariances = [], []
    for t in range(policy[0].shape[1]):
        K, k, C = (a[i, t] for a in policy)
        f, fc, F = (a[i, t] for a in dynamics)
        A = np.vstack([np.eye(len(x)), K])
        z = np.concatenate([x, K @ x + k])
        Z = A @ X @ A.T
        Z[len(x) :, len(x) :] += C
        means.append(z)
        covariances.append(Z)
        x, X = f @ z + fc, f @ Z @ f.T + F
    return np.array(means), np.array(covariances)


def plain_kl(policy, reference, distribution, i):
    total = 0.0
    for t in range(policy[0].shape[1]):
        (K, k, C), (L, l, D) = ([a[i, t] for a in p] for p in (policy, reference))
        n = K.shape[1]
        x, X = distribution[0][i, t, :n], distribution[1][i, t, :n, :n]
        inverse = np.linalg.inv(D)
        d, G = (K - L) @ x + k - l, K - L
        total += 0.5 * (
            np.trace(inverse @ C)
            - len(k)
            + np.linalg.slogdet(D)[1]
            - np.linalg.slogdet(C)[1]
            + d @ inverse @ d
            + np.trace(inverse @ G @ X @ G.T)
        )
    return total


def test_backward_pass_is_the_riccati_recursion():
    _, dynamics, cost, _ = random_problem()
    policy = mdgps.backward_pass(dynamics, cost)
    gain, offset, covariance = policy
    for i in range(3):
        expected = plain_backward_pass(dynamics, cost, i)
        np.testing.assert_allclose(gain[i], expected[0], atol=1e-10)
        np.testing.assert_allclose(offset[i], expected[1], atol=1e-10)
        np.testing.assert_allclose(covariance[i], expected[2], atol=1e-10)
    assert (policy.status == mdgps.Status.ok).all()


def test_forward_pass_propagates_gaussians():
    initial, dynamics, _, policy = random_problem()
    mean, covariance = mdgps.forward_pass(initial, dynamics, policy)
    for i in range(3):
        expected = plain_forward_pass(initial, dynamics, policy, i)
        np.testing.assert_allclose(mean[i], expected[0], atol=1e-10)
        np.testing.assert_allclose(covariance[i], expected[1], atol=1e-10)


def test_kl_divergence_and_expected_cost():
    initial, dynamics, cost, reference = random_problem()
    policy = mdgps.backward_pass(dynamics, cost)
    distribution = mdgps.forward_pass(initial, dynamics, policy)
    kl = mdgps.kl_divergence(policy, reference, distribution)
    total = mdgps.expected_cost(distribution, cost)
    for i in range(3):
        assert kl[i] == pytest.approx(plain_kl(policy, reference, distribution, i), rel=1e-10)
        plain = sum(
            0.5 * (np.trace(H @ Z) + z @ H @ z) + g @ z + c
            for H, g, c, z, Z in zip(*(a[i] for a in cost), *(a[i] for a in distribution))
        )
        assert total[i] == pytest.approx(plain, rel=1e-10)
    steps = mdgps.kl_divergence(policy, reference, distribution, per_step=True)
    np.testing.assert_allclose(steps.sum(axis=1), kl, rtol=1e-12)
    steps = mdgps.expected_cost(distribution, cost, per_step=True)
    np.testing.assert_allclose(steps.sum(axis=1), total, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_c_step_meets_the_bound(dtype):
    initial, dynamics, cost, reference = random_problem(N=5, dtype=dtype)
    result = mdgps.c_step(initial, dynamics, cost, reference, 3.0)
    assert (result.status == mdgps.Status.ok).all()
    assert result.policy.gain.dtype == dtype
    distribution = mdgps.forward_pass(initial, dynamics, result.policy)
    kl = mdgps.kl_divergence(result.policy, reference, distribution)
    np.testing.assert_allclose(kl, 3.0, rtol=0.02)
    np.testing.assert_allclose(result.kl_divergence, kl, rtol=1e-3)
    # The policy is the LQR solution of l / eta - log reference: no other dual's solution is nearer to the bound.
    before = mdgps.expected_cost(mdgps.forward_pass(initial, dynamics, reference), cost)
    assert (mdgps.expected_cost(distribution, cost) < before).all()


def test_c_step_takes_a_step_size_and_dual_for_each_condition():
    problem = random_problem(N=3)
    epsilon = np.array([0.5, 1.0, 2.0])
    cold = mdgps.c_step(*problem, epsilon)
    np.testing.assert_allclose(cold.kl_divergence, epsilon, rtol=0.02)
    warm = mdgps.c_step(*problem, epsilon, initial_dual=cold.dual)
    assert (warm.dual_evaluations <= 2).all()


def test_c_step_counts_entropy_as_the_weight_says():
    problem = random_problem(N=3)
    N, T, n = problem[1].offset.shape
    without = mdgps.c_step(*problem, 1.0)
    zero = mdgps.c_step(*problem, 1.0, entropy_weight=np.zeros((N, T)))
    assert (zero.policy.gain == without.policy.gain).all()
    # Only the last step's entropy counts, and only its covariance has to grow.
    weight = np.zeros((N, T))
    weight[:, -1] = 5.0
    wide = mdgps.c_step(*problem, 1.0, entropy_weight=weight)
    volume = np.linalg.det(wide.policy.covariance) / np.linalg.det(without.policy.covariance)
    assert (volume[:, -1] > 1.2).all()
    with pytest.raises(ValueError, match="entropy_weight"):
        mdgps.c_step(*problem, 1.0, entropy_weight=np.zeros((N, T + 1)))


def test_c_step_goes_the_path_that_is_asked_for():
    problem = random_problem(N=3)
    exact = dict(tolerance=1e-9, speculation=1)  # else each stops elsewhere within the tolerance
    fused = mdgps.c_step(*problem, 1.0, path="fused", **exact)
    try:
        wide = mdgps.c_step(*problem, 1.0, path="wide", **exact)
    except ValueError as error:
        assert "BLAS" in str(error)
        pytest.skip(str(error))
    np.testing.assert_allclose(wide.policy.gain, fused.policy.gain, atol=1e-6)
    assert (wide.policy.gain != fused.policy.gain).any()  # sums in another order
    with pytest.raises(ValueError, match="path is 'narrow'"):
        mdgps.c_step(*problem, 1.0, path="narrow")


def test_a_failing_condition_has_a_status_and_leaves_the_others_alone():
    initial, dynamics, cost, reference = random_problem(N=4)
    good = mdgps.c_step(initial, dynamics, cost, reference, 1.0)
    dynamics.transition[2, 3] = np.nan
    mixed = mdgps.c_step(initial, dynamics, cost, reference, 1.0)
    assert mixed.status[2] == mdgps.Status.not_finite
    assert mixed.failed_step.tolist() == [-1, -1, 3, -1]
    others = [0, 1, 3]
    assert (mixed.policy.gain[others] == good.policy.gain[others]).all()


def test_passes_say_at_which_step_a_condition_failed():
    initial, dynamics, cost, reference = random_problem(N=3)
    cost.hessian[1, 2, -1, -1] = -1e6
    policy = mdgps.backward_pass(dynamics, cost)
    assert policy.status.tolist() == [mdgps.Status.ok, mdgps.Status.not_positive_definite, mdgps.Status.ok]
    assert policy.failed_step.tolist() == [-1, 2, -1]
    reference.offset[2, 3] = np.inf
    assert mdgps.forward_pass(initial, dynamics, reference).failed_step.tolist() == [-1, -1, 3]


def test_regression_is_least_squares():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 3, 50, 4))
    A, c = rng.normal(size=(2, 3, 2, 4)), rng.normal(size=(2, 3, 2))
    y = np.einsum("ntqp,ntsp->ntsq", A, x) + c[:, :, None] + 0.01 * rng.normal(size=(2, 3, 50, 2))
    gain, offset, covariance = fit = mdgps.fit_linear_gaussian(x, y, regularization=1e-12)
    for i in range(2):
        for t in range(3):
            design = np.hstack([x[i, t], np.ones((50, 1))])
            solution, *_ = np.linalg.lstsq(design, y[i, t], rcond=None)
            np.testing.assert_allclose(np.hstack([gain[i, t], offset[i, t][:, None]]), solution.T, atol=1e-8)
            residual = y[i, t] - design @ solution
            np.testing.assert_allclose(covariance[i, t], residual.T @ residual / 50, atol=1e-8)
    assert (fit.status == mdgps.Status.ok).all()


def test_weights_leave_samples_out():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(1, 2, 20, 3)), rng.normal(size=(1, 2, 20, 2))
    weights = np.ones((1, 2, 20))
    weights[:, :, 12:] = 0
    np.testing.assert_allclose(
        mdgps.fit_linear_gaussian(x, y, weights=weights).gain, mdgps.fit_linear_gaussian(x[:, :, :12], y[:, :, :12]).gain
    )


def test_a_mixture_finds_its_clusters_and_gives_a_prior():
    rng = np.random.default_rng(3)
    centres = np.array([[-4.0, 0.0], [4.0, 1.0]])
    points = np.concatenate([c + 0.3 * rng.normal(size=(1, 200, 2)) for c in centres], axis=1)
    mixture = mdgps.GaussianMixture(2, seed=1).fit(points)
    assert mixture.status[0] in (mdgps.Status.ok, mdgps.Status.not_converged)
    found = mixture.mean[0][np.argsort(mixture.mean[0][:, 0])]
    np.testing.assert_allclose(found, centres, atol=0.1)
    prior = mixture.prior(points[:, None, :50])  # all of the first cluster
    np.testing.assert_allclose(prior.mean[0, 0], centres[0], atol=0.1)
    # With a prior, a regression on two samples is possible, and either way of giving it is the same.
    x, y = points[:, None, :2, :1], points[:, None, :2, 1:]
    by_mixture = mdgps.fit_linear_gaussian(x, y, prior=mixture)
    by_arrays = mdgps.fit_linear_gaussian(x, y, prior=mixture.prior(points[:, None, :2]))
    assert np.isfinite(by_mixture.gain).all()
    assert (by_mixture.gain == by_arrays.gain).all()
    with pytest.raises(ValueError, match="outputs"):
        mdgps.fit_linear_gaussian(x, y.astype(np.float32), prior=mixture)


def test_samples_without_weight_do_not_choose_the_prior():
    rng = np.random.default_rng(3)
    points = np.concatenate([c + 0.3 * rng.normal(size=(2, 200, 2)) for c in (-4.0, 4.0)], axis=1)
    mixture = mdgps.GaussianMixture(2).fit(points)
    # Ten samples of each cluster at three steps, of which each leaves others out.
    by_cluster = points.reshape(2, 2, 20, 10, 2)
    samples = np.stack([by_cluster[:, :, t].reshape(2, 20, 2) for t in range(3)], axis=1)
    x, y = samples[..., :1], samples[..., 1:]
    weights = np.ones((2, 3, 20))
    weights[:, 0, 10:], weights[:, 1, :10], weights[:, 2, ::2] = 0, 0, 0
    fit = mdgps.fit_linear_gaussian(x, y, prior=mixture, weights=weights)
    for t in range(3):
        used = samples[:, t : t + 1, weights[0, t] > 0]
        expected = mdgps.fit_linear_gaussian(used[..., :1], used[..., 1:], prior=mixture)
        for found, of_step in zip(fit, expected):
            np.testing.assert_allclose(found[:, t], of_step[:, 0], rtol=1e-9, atol=1e-12)
    spoilt = x.copy()
    spoilt[weights == 0] = np.nan
    again = mdgps.fit_linear_gaussian(spoilt, y, prior=mixture, weights=weights)
    assert all((a == b).all() for a, b in zip(again, fit))
    assert (fit.status == mdgps.Status.ok).all() and (again.status == mdgps.Status.ok).all()
    with pytest.raises(ValueError, match="weights"):
        mdgps.fit_linear_gaussian(x, y, prior=mixture, weights=weights[:, :2])
    with pytest.raises(ValueError, match="outputs"):
        mdgps.fit_linear_gaussian(x, y[:, :2], prior=mixture)


def test_a_mixture_starts_from_points_that_have_weight():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(2, 60, 2)) + np.where(np.arange(60) < 30, -4, 4)[:, None]
    weights = np.ones((2, 60))
    weights[:, ::3] = 0
    expected = mdgps.GaussianMixture(2).fit(points, weights)
    points[weights == 0] = np.nan
    mixture = mdgps.GaussianMixture(2).fit(points, weights)
    assert (mixture.mean == expected.mean).all()
    assert np.sort(mixture.mean[:, :, 0]) == pytest.approx(np.array([[-4, 4], [-4, 4]]), abs=0.7)
    weights[1] = 0
    assert mdgps.GaussianMixture(2).fit(points, weights).status[1] == mdgps.Status.not_finite


def test_inputs_are_not_copied_and_may_be_strided_or_read_only():
    initial, dynamics, cost, _ = random_problem()
    expected = mdgps.backward_pass(dynamics, cost)
    wide = np.zeros((*dynamics.transition.shape[:-1], 2 * dynamics.transition.shape[-1]))
    wide[..., ::2] = dynamics.transition
    strided = wide[..., ::2]
    strided.flags.writeable = False
    assert (mdgps.backward_pass((strided, *dynamics[1:]), cost).gain == expected.gain).all()


class Foreign:
    """What speaks DLPack and nothing else."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_anything_with_dlpack_is_read():
    problem = random_problem()
    foreign = [type(a)(*(Foreign(member) for member in a)) for a in problem]
    assert (mdgps.c_step(*foreign, 1.0).policy.gain == mdgps.c_step(*problem, 1.0).policy.gain).all()


def of_torch(array):
    return pytest.importorskip("torch", exc_type=ImportError).from_numpy(array)


def of_jax(array):
    jax = pytest.importorskip("jax", exc_type=ImportError)
    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(array)


@pytest.mark.parametrize("kind", [Foreign, of_torch, of_jax])
def test_a_mixture_takes_anything_with_dlpack(kind):
    rng = np.random.default_rng(5)
    points, weights = rng.normal(size=(2, 60, 3)), np.ones((2, 60))
    weights[:, ::4] = 0
    z, of_samples = points[:, None, :20].copy(), weights[:, None, :20].copy()
    x, y = z[..., :2].copy(), z[..., 2:].copy()
    plain = mdgps.GaussianMixture(2).fit(points, weights)
    mixture = mdgps.GaussianMixture(2).fit(kind(points), kind(weights))
    expected = mdgps.fit_linear_gaussian(x, y, prior=plain, weights=of_samples)
    fit = mdgps.fit_linear_gaussian(kind(x), kind(y), prior=mixture, weights=kind(of_samples))
    priors = zip(mixture.prior(kind(z)), plain.prior(z))
    for found, e in [(mixture.mean, plain.mean), *zip(fit, expected), *priors]:
        assert (np.asarray(found) == e).all()
        assert isinstance(found, type(kind(e)) if kind is of_torch else np.ndarray)


def test_outputs_on_a_gpu_are_of_pytorch_only():
    class OnGpu(Foreign):
        def __dlpack_device__(self):
            return (2, 0)  # kDLCUDA

    on_gpu = OnGpu(np.zeros((1, 2, 3, 4)))
    for call in (
        lambda: mdgps.fit_linear_gaussian(on_gpu, on_gpu),
        lambda: mdgps.GaussianMixture(2).fit(OnGpu(np.zeros((1, 5, 2)))),
    ):
        with pytest.raises(TypeError, match="torch.from_dlpack"):
            call()


def test_pytorch_tensors_come_back_as_pytorch_tensors():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    problem = random_problem()
    tensors = [type(a)(*(torch.from_numpy(member) for member in a)) for a in problem]
    result = mdgps.c_step(*tensors, 1.0)
    assert isinstance(result.policy.gain, torch.Tensor)
    assert (result.policy.gain.numpy() == mdgps.c_step(*problem, 1.0).policy.gain).all()


@pytest.mark.parametrize(
    "change, error, words",
    [
        (lambda x, f, l, q: (x, f, l, q[:2]), TypeError, ["reference", "gain, offset, covariance"]),
        (lambda x, f, l, q: (x, (f[0][:, :, :, :3], *f[1:]), l, q), ValueError, ["dynamics.transition"]),
        (lambda x, f, l, q: (x, f, (l[0], l[1][:, :-1], l[2]), q), ValueError, ["cost.gradient", "expected [3,8,6]"]),
        (lambda x, f, l, q: (x, f, (l[0], l[1].astype("float32"), l[2]), q), ValueError, ["cost.gradient", "float64"]),
        (lambda x, f, l, q: ((x[0].astype(int), x[1]), f, l, q), TypeError, ["initial.mean", "int64"]),
        (lambda x, f, l, q: (x, f, ("a", l[1], l[2]), q), TypeError, ["cost.hessian", "str"]),
    ],
)
def test_what_does_not_fit_is_named(change, error, words):
    with pytest.raises(error) as caught:
        mdgps.c_step(*change(*random_problem()), 1.0)
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_step_size_is_named():
    with pytest.raises(ValueError, match="step_size"):
        mdgps.c_step(*random_problem(), np.ones(2))
    with pytest.raises(ValueError, match="not fitted"):
        mdgps.GaussianMixture(2).prior(np.zeros((1, 1, 1, 2)))


def test_python_runs_on_while_the_solver_works():
    problem = random_problem(N=256, T=100, n=14, m=7)
    solving = threading.Thread(target=lambda: mdgps.c_step(*problem, 1.0))
    solving.start()
    turns = 0
    while solving.is_alive():
        time.sleep(1e-3)
        turns += 1
    assert turns > 10  # one call that kept Python's lock would leave a turn or two before it and after
