// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @title What stands at the addresses of aggregators' routers on a fork
/// @notice It has the functions of all of them, with their published signatures. What it is told to do beside is a list
/// of calls, which it makes as it is told: as blind to them as the real routers are to their executors.
contract RouterStandIn {
    struct Step {
        address target;
        bytes data;
    }

    struct Slippage {
        address recipient;
        address buyToken;
        uint256 minAmountOut;
    }

    struct OneInch {
        address srcToken;
        address dstToken;
        address srcReceiver;
        address dstReceiver;
        uint256 amount;
        uint256 minReturnAmount;
        uint256 flags;
    }

    struct Velora {
        address srcToken;
        address destToken;
        uint256 fromAmount;
        uint256 toAmount;
        uint256 quotedAmount;
        bytes32 metadata;
        address beneficiary;
    }

    struct KyberDescription {
        address srcToken;
        address dstToken;
        address[] srcReceivers;
        uint256[] srcAmounts;
        address[] feeReceivers;
        uint256[] feeAmounts;
        address dstReceiver;
        uint256 amount;
        uint256 minReturnAmount;
        uint256 flags;
        bytes permit;
    }

    struct Kyber {
        address callTarget;
        address approveTarget;
        bytes targetData;
        KyberDescription desc;
        bytes clientData;
    }

    struct OdosToken {
        address inputToken;
        uint256 inputAmount;
        address inputReceiver;
        address outputToken;
        uint256 outputQuote;
        uint256 outputMin;
        address outputReceiver;
    }

    struct OdosReferral {
        uint64 code;
        uint64 fee;
        address feeRecipient;
    }

    struct OpenOcean {
        address srcToken;
        address dstToken;
        address srcReceiver;
        address dstReceiver;
        uint256 amount;
        uint256 minReturnAmount;
        uint256 guaranteedAmount;
        uint256 flags;
        address referrer;
        bytes permit;
    }

    struct OpenOceanCall {
        uint256 target;
        uint256 gasLimit;
        uint256 value;
        bytes data;
    }

    error TooLittle(uint256 least, uint256 found);
    error StepFailed(uint256 index, bytes reason);

    /// @notice 0x's AllowanceHolder: hands the tokens to the Settler and calls it.
    function exec(address, address token, uint256 amount, address target, bytes calldata data)
        external
        returns (bytes memory)
    {
        _call(0, token, abi.encodeWithSignature("transferFrom(address,address,uint256)", msg.sender, target, amount));
        return _call(1, target, data);
    }

    /// @notice 0x's Settler.
    function execute(Slippage calldata slippage, bytes[] calldata actions, bytes32) external returns (bool) {
        _run(slippage.buyToken, slippage.minAmountOut, slippage.recipient, actions[0]);
        return true;
    }

    /// @notice 1inch AggregationRouterV6.
    function swap(address, OneInch calldata desc, bytes calldata data) external returns (uint256, uint256) {
        _pull(desc.srcToken, desc.amount);
        return (_run(desc.dstToken, desc.minReturnAmount, desc.dstReceiver, data), desc.amount);
    }

    /// @notice Velora AugustusV6.2.
    function swapExactAmountIn(address, Velora calldata data, uint256, bytes calldata, bytes calldata route)
        external
        returns (uint256 received)
    {
        _pull(data.srcToken, data.fromAmount);
        address to = data.beneficiary == address(0) ? msg.sender : data.beneficiary;
        return _run(data.destToken, data.toAmount, to, route);
    }

    /// @notice KyberSwap MetaAggregationRouterV2.
    function swap(Kyber calldata execution) external returns (uint256, uint256) {
        KyberDescription calldata desc = execution.desc;
        _pull(desc.srcToken, desc.amount);
        return (_run(desc.dstToken, desc.minReturnAmount, desc.dstReceiver, execution.targetData), 0);
    }

    /// @notice OdosRouterV3.
    function swap(OdosToken calldata info, bytes calldata route, address, OdosReferral calldata)
        external
        returns (uint256)
    {
        _pull(info.inputToken, info.inputAmount);
        return _run(info.outputToken, info.outputMin, info.outputReceiver, route);
    }

    /// @notice OpenOceanExchange.
    function swap(address, OpenOcean calldata desc, OpenOceanCall[] calldata calls) external returns (uint256) {
        _pull(desc.srcToken, desc.amount);
        return _run(desc.dstToken, desc.minReturnAmount, desc.dstReceiver, calls[0].data);
    }

    function _pull(address token, uint256 amount) private {
        bytes memory data =
            abi.encodeWithSignature("transferFrom(address,address,uint256)", msg.sender, address(this), amount);
        _call(0, token, data);
    }

    function _run(address tokenOut, uint256 least, address recipient, bytes calldata route)
        private
        returns (uint256 amountOut)
    {
        uint256 before = _balance(tokenOut);
        Step[] memory steps = abi.decode(route, (Step[]));
        for (uint256 i = 0; i < steps.length; ++i) {
            _call(i, steps[i].target, steps[i].data);
        }
        amountOut = _balance(tokenOut) - before;
        if (amountOut < least) revert TooLittle(least, amountOut);
        _call(steps.length, tokenOut, abi.encodeWithSignature("transfer(address,uint256)", recipient, amountOut));
    }

    function _balance(address token) private returns (uint256) {
        return abi.decode(_call(0, token, abi.encodeWithSignature("balanceOf(address)", address(this))), (uint256));
    }

    function _call(uint256 index, address target, bytes memory data) private returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call(data);
        bool refused = _isTransfer(bytes4(data)) && answer.length == 32 && !abi.decode(answer, (bool));
        if (!ok || refused) revert StepFailed(index, answer);
        return answer;
    }

    function _isTransfer(bytes4 selector) private pure returns (bool) {
        return selector == 0xa9059cbb || selector == 0x23b872dd;
    }
}

/// @title 0x's registry of Settlers, with one that does not change
contract SettlerRegistryStandIn {
    address private constant SETTLER = address(uint160(0x5e771e));

    function ownerOf(uint256) external pure returns (address) {
        return SETTLER;
    }

    function prev(uint128) external pure returns (address) {
        return SETTLER;
    }
}
