// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

import {IBatchExecutor} from "./IBatchExecutor.sol";

/// @title Batches for an account of its own
/// @notice Code for an account to delegate to (EIP-7702), so that it can run batches on the funds it holds. Only the
/// account itself may run them. This makes batches atomic and holds them to their floors; it does not guard the
/// account against whoever has its key.
///
/// @dev The pool reference of a leg is the 64-byte pool record itself, so a pool leg has 83 bytes: nobody but the
/// account's key says what a record may be. The sequence number lives in the account's ERC-7201 storage.
interface IDelegate is IBatchExecutor {}
