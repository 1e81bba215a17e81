// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {PlainToken, ProudToken, RefusingToken, SilentToken} from "./support/Tokens.sol";
import {Recorder, StockRouter} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

contract RouterLegsTest is Ground {
    using Packed for bytes;

    uint8 private constant WETH = 1;

    StockRouter private router;

    function setUp() public override {
        super.setUp();
        router = new StockRouter();
        _fund(address(router));
        _allow(address(router));
    }

    /* ROUTERS */

    function test_RevertWhen_RouterIsNotAllowed() external {
        _forbidden(address(new StockRouter()));
        _forbidden(stranger);
    }

    function test_RevertWhen_RouterIsForbidden() external {
        vm.prank(owner);
        vault.setRouter(address(router), false);

        _forbidden(address(router));
    }

    function test_RevertWhen_RouterIsAToken() external {
        _allow(address(a));
        _allow(address(hub));

        _forbidden(address(a));
        _forbidden(address(hub));
    }

    function test_RevertWhen_RouterIsTheVault() external {
        _forbidden(address(vault));
    }

    function test_RevertWhen_RouterReverts() external {
        bytes memory refuse = Packed.routerLeg(address(router), A, 1e18, abi.encodeCall(StockRouter.refuse, ()));
        bytes memory reason = abi.encodeWithSelector(StockRouter.Refused.selector, "as told");
        _refused(_legFailed(1, reason), _open(), bytes.concat(_leg(a, hub, 1e18), refuse));
    }

    function test_RevertWhen_RouterFloorIsMissing() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, 4, address(0));
        _refused(reason, _open(), Packed.routerLeg(address(router), 4, 1e18, ""));
    }

    function _forbidden(address target) private {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.RouterForbidden.selector, 0, target);
        _refused(reason, _open(), Packed.routerLeg(target, A, 1e18, ""));
    }

    /* APPROVALS */

    function testFuzz_RouterTakesWithinApproval(uint256 amountIn, uint256 taken, uint256 paid) external {
        amountIn = bound(amountIn, 0, HELD);
        taken = bound(taken, 0, amountIn);
        paid = bound(paid, 0, HELD);
        _run(_floors(int256(paid), -int256(taken), 0), _swap(a, amountIn, taken, paid, address(vault)));

        vm.assertEq(a.balanceOf(address(vault)), HELD - taken, "a");
        vm.assertEq(hub.balanceOf(address(vault)), HELD + paid, "hub");
        vm.assertEq(a.allowance(address(vault), address(router)), 0, "allowance");
    }

    function test_RevertWhen_RouterTakesMore() external {
        bytes memory panic = abi.encodeWithSignature("Panic(uint256)", 0x11); // the allowance would be negative
        _refused(_legFailed(0, panic), _open(), _swap(a, 1e18, 1e18 + 1, 1e18, address(vault)));
    }

    function test_ApprovesSilentTokenThroughZero() external {
        SilentToken c = new SilentToken();
        c.mint(address(vault), HELD);
        vm.prank(address(vault)); // left over from whatever
        c.approve(address(router), 5);
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), -0.4e18));
        bytes memory data = _swapData(address(c), 0.4e18, 1e18, address(vault));
        _run(floors, Packed.routerLeg(address(router), 4, 1e18, data));

        vm.assertEq(c.balanceOf(address(vault)), HELD - 0.4e18, "c");
        vm.assertEq(c.allowance(address(vault), address(router)), 0, "allowance");
    }

    function test_TradesProudTokenInFull() external {
        ProudToken c = new ProudToken();
        c.mint(address(vault), HELD);
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), -1e18));
        bytes memory data = _swapData(address(c), 1e18, 1e18, address(vault));
        _run(floors, Packed.routerLeg(address(router), 4, 1e18, data));

        vm.assertEq(c.balanceOf(address(vault)), HELD - 1e18, "c");
        vm.assertEq(c.allowance(address(vault), address(router)), 0, "allowance");
    }

    function test_RevertWhen_ProudTokenIsLeftOver() external {
        ProudToken c = new ProudToken();
        c.mint(address(vault), HELD);
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), -1e18));
        bytes memory data = _swapData(address(c), 1e18 - 1, 1e18, address(vault));
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.ApprovalFailed.selector, c, router, 0);
        _refused(reason, floors, Packed.routerLeg(address(router), 4, 1e18, data));
    }

    function test_RevertWhen_ApprovalIsRefused() external {
        RefusingToken c = new RefusingToken();
        c.mint(address(vault), HELD);
        c.refuse(false, true);
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), -1e18));
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.ApprovalFailed.selector, c, router, 1e18);
        _refused(reason, floors, Packed.routerLeg(address(router), 4, 1e18, ""));
    }

    /* ETHER AND PROCEEDS */

    function testFuzz_SendsEtherAndData(uint256 amountIn, bytes calldata data) external {
        amountIn = bound(amountIn, 0, HELD);
        Recorder recorder = new Recorder();
        _allow(address(recorder));
        _run(
            bytes.concat(Packed.floor(address(0), -int256(amountIn)), Packed.floor(address(a), 0)),
            Packed.routerLeg(address(recorder), 0, amountIn, data)
        );

        vm.assertEq(recorder.data(), data, "data");
        vm.assertEq(address(recorder).balance, amountIn, "ether");
    }

    function test_BuysEther() external {
        bytes memory data = abi.encodeCall(StockRouter.payEther, (address(a), 1e18, 2e18, address(vault)));
        bytes memory leg = Packed.routerLeg(address(router), 1, 1e18, data);
        bytes memory ofA = Packed.floor(address(a), -1e18);
        _run(bytes.concat(Packed.floor(address(0), 2e18), ofA), leg);

        bytes memory reason =
            abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, address(0), int256(2e18 + 1), int256(2e18));
        _refused(reason, bytes.concat(Packed.floor(address(0), 2e18 + 1), ofA), leg);
    }

    function test_RevertWhen_ProceedsGoElsewhere() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, hub, 1, 0);
        _refused(reason, _floors(1, -1e18, 0), _swap(a, 1e18, 1e18, 1e18, stranger));
    }

    /// @return A leg that has the router take and pay so much of `tokenIn` and the hub.
    function _swap(PlainToken tokenIn, uint256 amountIn, uint256 taken, uint256 paid, address to)
        private
        view
        returns (bytes memory)
    {
        return
            Packed.routerLeg(address(router), _index(tokenIn), amountIn, _swapData(address(tokenIn), taken, paid, to));
    }

    function _swapData(address tokenIn, uint256 taken, uint256 paid, address to) private view returns (bytes memory) {
        return abi.encodeCall(StockRouter.swap, (tokenIn, taken, address(hub), paid, to));
    }

    /* WRAPPED ETHER */

    function test_RevertWhen_WrapIsNotHeld() external {
        uint64 next = vault.sequence() + 1;
        vm.prank(agent);
        vm.expectRevert();
        vault.execute(next, uint64(NOW), PLAN, INTENT, _wethFloors(0, 0), Packed.wrapLeg(WETH, HELD + 1));
        vm.prank(agent);
        vm.expectRevert();
        vault.execute(next, uint64(NOW), PLAN, INTENT, _wethFloors(0, 0), Packed.unwrapLeg(WETH, 1));
    }

    function test_RevertWhen_WrapIsNotFloored() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, A, weth);
        _refused(reason, _open(), Packed.wrapLeg(A, 1));
        _refused(reason, _open(), Packed.unwrapLeg(A, 1));
        _refused(abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, 4, weth), _open(), Packed.wrapLeg(4, 1));
    }

    function testFuzz_WrapsAndUnwraps(uint256 wrapped, uint256 unwrapped) external {
        wrapped = bound(wrapped, 0, HELD);
        unwrapped = bound(unwrapped, 0, wrapped);
        int256 kept = int256(wrapped - unwrapped);
        bytes memory legs = bytes.concat(Packed.wrapLeg(WETH, wrapped), Packed.unwrapLeg(WETH, unwrapped));
        _run(_wethFloors(-kept, kept), legs);

        vm.assertEq(address(vault).balance, HELD - wrapped + unwrapped, "ether");
        vm.assertEq(PlainToken(weth).balanceOf(address(vault)), wrapped - unwrapped, "wrapped");
    }

    function testFuzz_WrapsSurplus(uint256 wrapped, uint256 kept, uint256 most) external {
        wrapped = bound(wrapped, 0, HELD);
        kept = bound(kept, 0, wrapped);
        most = bound(most, 0, HELD);
        uint256 unwrapped = most < wrapped - kept ? most : wrapped - kept;
        bytes memory floors = _wethFloors(-int256(wrapped), int256(kept));
        bytes memory wrap = Packed.wrapLeg(WETH, type(uint128).max).onSurplus(); // down to ether's floor
        _run(floors, bytes.concat(wrap, Packed.unwrapLeg(WETH, most).onSurplus()));

        vm.assertEq(address(vault).balance, HELD - wrapped + unwrapped, "ether");
        vm.assertEq(PlainToken(weth).balanceOf(address(vault)), wrapped - unwrapped, "wrapped");
    }

    function _wethFloors(int256 ofEther, int256 ofWeth) private view returns (bytes memory) {
        return bytes.concat(Packed.floor(address(0), ofEther), Packed.floor(weth, ofWeth));
    }
}
